#!/bin/sh
# A basic agent in POSIX shell: answers one HTTP request that comes from standard input. socat starts it for each connection:
#
#   socat TCP-LISTEN:5000,bind=127.0.0.1,reuseaddr,fork EXEC:./agent.sh
#
# It needs jq and, of coreutils, timeout and sha256sum. BYOAI_TOKEN is what callers must send; without it, this host alone is served.
set -u
output_bytes=4194304 # of each stream; the orchestrator takes an answer of 16 MiB

reply() { # <status>; the body is standard input
	cat >"$files/reply"
	printf 'HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n' \
		"$1" "$(wc -c <"$files/reply")"
	cat "$files/reply"
}

refuse() { # <status> <why>
	printf '{"detail": "%s"}' "$2" | reply "$1"
	exit
}

digest() { # compared instead of tokens, so that the time that it takes tells nothing
	printf %s "$1" | sha256sum
}

end() { # nobody waits for the answer: `timeout` hands the signal on to the whole process group
	[ -n "${command:-}" ] && kill "$command" && wait "$command"
	rm -rf "$files"
}

files=$(mktemp -d)
trap end EXIT
trap 'exit 143' TERM INT HUP

cr=$(printf '\r')
read -r method path _ || exit
length=0 authorization='' type='' origin=''
while IFS=': ' read -r name value && [ "$name" != "$cr" ]; do
	value=${value%"$cr"}
	case $(printf %s "$name" | tr '[:upper:]' '[:lower:]') in
	content-length) length=$value ;;
	content-type) type=${value%%;*} ;;
	authorization) authorization=$value ;;
	origin) origin=$value ;;
	esac
done

case "$method $path" in
'GET /health') echo '{"status": "ok"}' | reply '200 OK' && exit ;;
'POST /task') ;;
*) refuse '404 Not Found' 'there are GET /health and POST /task' ;;
esac
if [ -n "${BYOAI_TOKEN:-}" ]; then
	[ "$(digest "$authorization")" = "$(digest "Bearer $BYOAI_TOKEN")" ] || refuse '401 Unauthorized' 'no token, or a wrong one'
else
	case ${SOCAT_PEERADDR:-} in
	127.*) ;;
	*) refuse '401 Unauthorized' 'without BYOAI_TOKEN this host alone is served' ;;
	esac
fi
[ -z "$origin" ] && [ "$type" = application/json ] || refuse '403 Forbidden' 'no web page may have commands run'

head -c "$length" >"$files/task"
jq -e '.command | type == "string"' "$files/task" >/dev/null 2>&1 || refuse '400 Bad Request' 'not a task'
eval "set -- $(jq -r '[.env // {} | to_entries[] | "\(.key)=\(.value)"] | @sh' "$files/task")"
seconds=$(jq -r '.timeout // 0' "$files/task") # 0: none
directory=$(jq -r '.working_dir // "."' "$files/task")
script=$(jq -r '.command' "$files/task")

(
	unset BYOAI_TOKEN
	cd "$directory" && exec timeout -k 5 "$seconds" env "$@" sh -c "$script"
) </dev/null >"$files/output" 2>"$files/errors" &
command=$!
wait "$command"
code=$?
kill -KILL "-$command" 2>/dev/null # what it left behind: it is in the group that `timeout` made
command=''

for stream in output errors; do head -c "$output_bytes" "$files/$stream" >"$files/$stream.start"; done
jq -n --rawfile output "$files/output.start" --rawfile message "$files/errors.start" --argjson code "$code" \
	'{status: (if $code == 0 then "success" else "error" end), $output, $message, returncode: $code}' | reply '200 OK'
