#!/usr/bin/env bash
# Holds `roster demo` to its word: pastes the tokens that it prints, runs every curl line and every line
# with the program itself and compares the answer with the one printed beside it, then stops it with
# SIGTERM.
#
# What is read: a line `TOKEN_…=` or `ADMIN_TOKEN=`; a line `# STATUS`, or `# STATUS, TEXT`, and the line
# after it, which begins with `curl` and ends its output with the status; a line `# … COLUMN CELL` and the
# line after it, which begins with `ROSTER_TOKEN=`. The text, or the column and its cell, must be a part of
# the answer.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
server=

stop() {
  if [[ -n $server ]]; then kill -KILL "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT

fail() {
  echo "demo: $1" >&2
  tail -n 20 "$work/log" >&2
  exit 1
}

if [[ -z ${ROSTER:-} ]]; then
  (cd "$root" && cargo build --quiet)
  ROSTER=${CARGO_TARGET_DIR:-$root/target}/debug/roster
fi
"$ROSTER" demo --rest-port 0 --grpc-port 0 >"$work/printed" 2>"$work/log" &
server=$!

# Everything has been printed when the text has not grown since the last look.
size=0
for _ in $(seq 300); do
  sleep 0.2
  now=$(wc -c <"$work/printed")
  if [[ $now -gt 0 && $now -eq $size ]]; then break; fi
  kill -0 "$server" 2>/dev/null || fail "ended by itself"
  size=$now
done

unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
compared=0
expected=
program=
while IFS= read -r line; do
  if [[ $line =~ ^(ADMIN_TOKEN|TOKEN_[0-9]+)= ]]; then
    export "${line?}"
  elif [[ $line == "ROSTER_TOKEN="* ]]; then
    answer=$(bash -c "$line" 2>>"$work/log" </dev/null) || fail "cannot run: $line"
    grep -Eq "^${program% *} +${program#* }\$" <<<"$answer" || fail "$line
  answered $answer
  not      $program"
    compared=$((compared + 1))
  elif [[ $line == "curl "* ]]; then
    answer=$(bash -c "$line" 2>>"$work/log" </dev/null) || fail "cannot run: $line"
    status=${expected%%, *}
    text=${expected#"$status"}
    if [[ $answer != *" $status" || $answer != *"${text#, }"* ]]; then
      fail "$line
  answered $answer
  not      $expected"
    fi
    compared=$((compared + 1))
  fi
  expected=
  if [[ $line =~ ^'# '([0-9]{3}(, .*)?)$ ]]; then expected=${BASH_REMATCH[1]}; fi
  if [[ $line =~ ^'# '.*\ ([A-Z]+\ [^\ ]+)$ ]]; then program=${BASH_REMATCH[1]}; fi
done <"$work/printed"
[[ $compared -gt 0 ]] || fail "printed no curl line with an answer"

status=0
kill -TERM "$server"
wait "$server" || status=$?
server=
[[ $status -eq 0 ]] || fail "ended with status $status after SIGTERM"
echo "demo: $compared printed calls answered as printed"
