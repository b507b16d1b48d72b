# Waits for the end of standard input, which the test holds open, and then
# kills and deletes what the journal on descriptor 3 says is still there. $1 says
# after whose end that is: the test's, or that of both, it and its guard.
#
# A line of the journal is "+ id kind value ;" for an entry and "- id ;" for its
# withdrawal. A line without its end was cut off by the kill. The kinds are
# process (value: a process group), control and folder (value: a path), and
# command (value: a command line of this shell).

trap '' INT TERM HUP QUIT PIPE

while read -r _; do :; done

left=$(awk '
	!/ ;$/    { next }
	$1 == "+" { id = $2; sub(/^\+ [0-9]+ /, ""); sub(/ ;$/, ""); entry[id] = $0 }
	$1 == "-" { delete entry[$2] }
	END       { for (id in entry) print entry[id] }
' <&3 | sort -r) # a path comes before what it is in

# each calls "$2 value" for every entry of the kind $1.
each() {
	printf '%s\n' "$left" | while IFS= read -r line; do
		case $line in
		"$1 "*) "$2" "${line#* }" ;;
		esac
	done
}

# group kills a process group and its leader.
group() {
	case $1 in
	'' | 0 | 1 | *[!0-9]*) return ;;
	esac
	kill -KILL "-$1" 2>/dev/null
	kill -KILL "$1" 2>/dev/null
}

# pause lets what was killed end.
pause() { sleep 0.1 2>/dev/null || sleep 1; }

# safe says whether a path may be deleted: absolute, clean, two levels deep.
safe() {
	case $1 in
	*/../* | */.. | */./* | */. | *//*) return 1 ;;
	/?*/?*) return 0 ;;
	esac
	return 1
}

# control deletes a control group with those in it, after it has killed what
# runs there: again and again, because that may fork in between. A group without
# a parent holds the whole machine.
control() {
	safe "$1" && [ -e "${1%/*}/cgroup.procs" ] || return
	round=0
	while [ -d "$1" ] && [ $round -lt 50 ]; do
		[ $round -gt 0 ] && pause
		round=$((round + 1))
		[ -w "$1/cgroup.kill" ] && echo 1 2>/dev/null >"$1/cgroup.kill"
		find "$1" -depth -type d 2>/dev/null | while IFS= read -r dir; do
			while read -r pid; do
				[ "$pid" -gt 1 ] && kill -KILL "$pid" 2>/dev/null
			done 2>/dev/null <"$dir/cgroup.procs"
			rmdir "$dir" 2>/dev/null
		done
	done
}

# strays kills what has its temporary files in a folder, by its environment,
# where the system shows that.
strays() {
	safe "$1" || return
	for round in 1 2 3; do # each time what was forked meanwhile
		{
			grep -laF -- "TMPDIR=$1/" /proc/[0-9]*/environ
			grep -lazxF -- "TMPDIR=$1" /proc/[0-9]*/environ
		} 2>/dev/null | while IFS=/ read -r _ _ pid _; do
			kill -KILL "$pid" 2>/dev/null
		done
	done
}

# files deletes any other folder.
files() {
	safe "$1" || return
	round=0
	while [ -e "$1" ] || [ -h "$1" ]; do
		rm -rf -- "$1" 2>/dev/null && return
		[ $round -lt 50 ] || return
		round=$((round + 1))
		chmod -R u+rwx -- "$1" 2>/dev/null
		pause
	done
}

# command runs a command line, for at most a minute where that can be said.
command_line() {
	if command -v timeout >/dev/null; then
		timeout -k 5 60 sh -c "$1" >/dev/null 2>&1
	else
		sh -c "$1" >/dev/null 2>&1
	fi
}

case $1 in
both) each folder strays ;; # a number may be another's by now
*) each process group ;;
esac
each control control
each folder files
each command command_line
exit 0
