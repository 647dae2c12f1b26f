# SPDX-License-Identifier: MIT
#
# Makes C from syscalls/table. Usage: awk -v what=proto|dispatch|decode|classes -f gen.awk table
# proto:    prototypes of every sys_ function
# dispatch: number, signature and duplicate checks, and the dispatch table
# decode:   names and arguments for --trace and reports
# classes:  one byte a number: is the call served at a trace stop?

function ctype(spec,   base) {
	base = spec
	sub(/[.\[].*/, "", base)
	if (base ~ /^(fd|dirfd|int|pid)$/) return "int"
	if (base == "uint") return "unsigned int"
	if (base ~ /^(long|off)$/) return "int64_t"
	if (base ~ /^(ulong|size)$/) return "uint64_t"
	if (base ~ /^(path|str|strv|ptr|buf|iov|in|out|inout)$/) return "uaddr_t"
	printf "syscalls/table:%d: unknown type '%s'\n", FNR, spec > "/dev/stderr"
	failed = 1
	exit 1
}

function value(spec, i,   c) {
	c = ctype(spec)
	return c == "uaddr_t" ? "UADDR(a[" i "])" : "(" c ")a[" i "]"
}

BEGIN { print "/* Made from syscalls/table by syscalls/gen.awk. */"; n = 0; max = 0 }
/^#!/ { name = $2; sub(/:$/, "", name); text = $0; sub(/^#! *[^ ]+ */, "", text); missing[name] = text; next }
/^#/ || NF == 0 { next }
{
	if ($1 in seen) { printf "syscalls/table:%d: number %d twice\n", FNR, $1 > "/dev/stderr"; failed = 1; exit 1 }
	if ($2 in byname) { printf "syscalls/table:%d: %s twice\n", FNR, $2 > "/dev/stderr"; failed = 1; exit 1 }
	if (($3 == "-") != ($4 == "absent")) { printf "syscalls/table:%d: %s: absent means no function\n", FNR, $2 > "/dev/stderr"; failed = 1; exit 1 }
	if ($4 !~ /^(full|partial|absent)$/ || $5 !~ /^(notify|trace)$/) { printf "syscalls/table:%d: bad status or trap\n", FNR > "/dev/stderr"; failed = 1; exit 1 }
	seen[$1] = 1; byname[$2] = 1
	nr[n] = $1; nm[n] = $2; fn[n] = $3; st[n] = $4; tr[n] = $5
	ac[n] = NF - 5
	if ($1 + 0 > max) max = $1 + 0
	for (i = 6; i <= NF; i++) {
		an[n, i - 6] = substr($i, 1, index($i, ":") - 1)
		at[n, i - 6] = substr($i, index($i, ":") + 1)
		ctype(at[n, i - 6])
	}
	n++
}
END {
	if (failed) exit 1
	if (what == "proto") {
		for (r = 0; r < n; r++) if (fn[r] != "-") {
			printf "int64_t %s(struct task *t", fn[r]
			for (i = 0; i < ac[r]; i++) printf ", %s %s", ctype(at[r, i]), an[r, i]
			print ");"
		}
	} else if (what == "dispatch") {
		for (r = 0; r < n; r++) {
			printf "#ifdef __NR_%s\n_Static_assert(__NR_%s == %d, \"syscalls/table: %s\");\n#endif\n", nm[r], nm[r], nr[r], nm[r]
			if (fn[r] == "-") continue
			printf "static int64_t\ncall_%s(struct task *t, const uint64_t *a%s)\n{\n\treturn %s(t", nm[r], ac[r] ? "" : " __unused", fn[r]
			for (i = 0; i < ac[r]; i++) printf ", %s", value(at[r, i], i)
			print ");\n}\n"
		}
		printf "#define NR_SYSCALLS_TABLE %d\n", max + 1
		print "static int64_t (*const syscall_table[NR_SYSCALLS_TABLE])(struct task *t, const uint64_t *a) = {"
		for (r = 0; r < n; r++) if (fn[r] != "-") printf "\t[%d] = call_%s,\n", nr[r], nm[r]
		print "};"
	} else if (what == "decode") {
		print "const struct syscall_desc syscall_descs[] = {"
		for (r = 0; r < n; r++) {
			printf "\t[%d] = { .name = \"%s\", .status = SYSCALL_%s, .trace = %d, .nargs = %d,%s .args = {", nr[r], nm[r], toupper(st[r]), tr[r] == "trace", ac[r], (nm[r] in missing) ? " .missing = \"" missing[nm[r]] "\"," : ""
			for (i = 0; i < ac[r]; i++) printf " { \"%s\", \"%s\" },", an[r, i], at[r, i]
			print " } },"
		}
		print "};"
		printf "const unsigned int nr_syscall_descs = %d;\n", max + 1
	} else if (what == "classes") {
		print "const unsigned char syscall_is_trace[] = {"
		for (r = 0; r < n; r++) if (tr[r] == "trace") printf "\t[%d] = 1,\n", nr[r]
		printf "\t[%d] = 0,\n};\nconst unsigned int nr_syscall_is_trace = %d;\n", max, max + 1
	}
}
