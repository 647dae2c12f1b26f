# One file a line, so that lines added side by side merge.
libkernel_a_SOURCES += ipc/mqueue.c
libkernel_a_SOURCES += ipc/mqueue.h
libkernel_a_SOURCES += ipc/mqueuefs.c
libkernel_a_SOURCES += ipc/msg.c
libkernel_a_SOURCES += ipc/msg.h
libkernel_a_SOURCES += ipc/msgctl.c
libkernel_a_SOURCES += ipc/proc.c
libkernel_a_SOURCES += ipc/proc.h
libkernel_a_SOURCES += ipc/sem-undo.c
libkernel_a_SOURCES += ipc/sem.c
libkernel_a_SOURCES += ipc/sem.h
libkernel_a_SOURCES += ipc/semctl.c
libkernel_a_SOURCES += ipc/shm.c
libkernel_a_SOURCES += ipc/shm.h
libkernel_a_SOURCES += ipc/shmctl.c
libkernel_a_SOURCES += ipc/util.c
libkernel_a_SOURCES += ipc/util.h
