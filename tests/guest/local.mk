# Guest programs: tests/guest/NAME.c is built as tests/guest/NAME, and run natively and under both traps.

guest_programs = \
	tests/guest/auxv \
	tests/guest/clock \
	tests/guest/entry \
	tests/guest/errors \
	tests/guest/exec \
	tests/guest/elf \
	tests/guest/exec-state \
	tests/guest/single-step \
	tests/guest/fatal \
	tests/guest/fault \
	tests/guest/fcntl \
	tests/guest/file \
	tests/guest/file-errors \
	tests/guest/fork \
	tests/guest/futex \
	tests/guest/futex2 \
	tests/guest/hidden \
	tests/guest/ids \
	tests/guest/image \
	tests/guest/inet-options \
	tests/guest/inotify \
	tests/guest/lease \
	tests/guest/locks \
	tests/guest/madvise \
	tests/guest/memfd \
	tests/guest/memory \
	tests/guest/mmap \
	tests/guest/mqueue \
	tests/guest/mremap \
	tests/guest/msg \
	tests/guest/namei \
	tests/guest/netlink \
	tests/guest/overlay \
	tests/guest/path \
	tests/guest/pipe \
	tests/guest/poll \
	tests/guest/process_vm \
	tests/guest/seals \
	tests/guest/prctl \
	tests/guest/protect \
	tests/guest/proc \
	tests/guest/restart \
	tests/guest/sem \
	tests/guest/session \
	tests/guest/shm \
	tests/guest/sites \
	tests/guest/sigio \
	tests/guest/signal \
	tests/guest/signal-context \
	tests/guest/signal-stack \
	tests/guest/splice \
	tests/guest/stress \
	tests/guest/sysinfo \
	tests/guest/prio \
	tests/guest/system \
	tests/guest/tcp \
	tests/guest/thread \
	tests/guest/timer \
	tests/guest/tmpfs \
	tests/guest/truncate \
	tests/guest/tty \
	tests/guest/udp \
	tests/guest/unix \
	tests/guest/wait

guest_programs += tests/guest/sites-static
tests_guest_sites_static_SOURCES = tests/guest/sites.c
tests_guest_sites_static_CFLAGS = $(AM_CFLAGS) -fno-pie
tests_guest_sites_static_LDFLAGS = -static

# One program linked in every way, and one without libc.
guest_programs += tests/guest/image-nopie tests/guest/image-static tests/guest/image-static-pie
tests_guest_image_nopie_SOURCES = tests/guest/image.c
tests_guest_image_nopie_CFLAGS = $(AM_CFLAGS) -fno-pie
tests_guest_image_nopie_LDFLAGS = -no-pie
tests_guest_image_static_SOURCES = tests/guest/image.c
tests_guest_image_static_CFLAGS = $(AM_CFLAGS) -fno-pie
tests_guest_image_static_LDFLAGS = -static
tests_guest_image_static_pie_SOURCES = tests/guest/image.c
tests_guest_image_static_pie_CFLAGS = $(AM_CFLAGS) -fPIE
tests_guest_image_static_pie_LDFLAGS = -static-pie
tests_guest_entry_CFLAGS = $(AM_CFLAGS) -ffreestanding -fno-stack-protector -fno-pie -mno-sse
tests_guest_entry_LDFLAGS = -nostdlib -static

check_PROGRAMS += $(guest_programs)
guest_tests = tests/guest/check-remote tests/guest/check-resident tests/guest/check-unprotected tests/guest/check-user
TESTS += $(guest_tests)
EXTRA_DIST += tests/guest/guest.h tests/guest/inet.h tests/guest/ipc.h tests/guest/run-guest $(guest_tests)
