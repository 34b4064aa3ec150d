#!/usr/bin/env bash
# Checks the description of the server: that it is OpenAPI 3.1, that redocly finds nothing to say about it,
# and, by calling all that it describes with schemathesis, that the server answers as it says. The last line
# says that everything passed.
#
# ROSTER names the server's binary; without it cargo builds and runs one. SECONDS_PER_RUN is how long each
# of the two runs may take, 30 unless said, and SEED what they try, the same each time unless said. What the
# checks need is installed once into a cache outside the repository. Needs node 20, npm, and python3 with venv.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/roster-openapi
work=$(mktemp -d)
server=

stop() {
  if [[ -n $server ]]; then kill -KILL "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT

source "$here/../install.sh"

install npm "$here/openapi/package.json" "$here/openapi/package-lock.json" -- npm_packages
install pip "$here/openapi/requirements.txt" -- python_packages
python=$cache/pip/venv/bin

if [[ -z ${ROSTER:-} ]]; then
  (cd "$root" && cargo build --quiet)
  ROSTER=${CARGO_TARGET_DIR:-$root/target}/debug/roster
fi
# On one port, since schemathesis calls one server.
"$ROSTER" demo --json --single-port --grpc-port 0 >"$work/demo.json" 2>"$work/log" &
server=$!
for _ in $(seq 300); do
  if [[ $(head -n 1 "$work/demo.json") == *"}" ]]; then break; fi
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
# A proxy of the environment must not stand between a client and the loopback.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

field() {
  "$python/python" -c "import json, sys; print(json.load(open('$work/demo.json'))$1)"
}

url=$(field "['rest']")
"$python/python" -c "import sys, urllib.request as u; sys.stdout.buffer.write(u.urlopen('$url/openapi.json').read())" \
  >"$work/openapi.json"
"$python/openapi-spec-validator" --schema 3.1 "$work/openapi.json"
REDOCLY_TELEMETRY=off "$cache/npm/node_modules/.bin/redocly" lint --format json "$work/openapi.json" \
  >"$work/lint" 2>/dev/null || true
if [[ $("$python/python" -c "import json; print(*json.load(open('$work/lint'))['totals'].values())") != "0 0 0" ]]; then
  cat "$work/lint" >&2
  exit 1
fi
echo "redocly: nothing"

# Calls as somebody who may: the creator of the sample spaces, and for the contract a service.
run() {
  (cd "$work" && "$python/schemathesis" --config-file "$here/openapi/schemathesis.toml" run openapi.json \
    --url "$url" --header "Authorization: Bearer $1" --max-time "${SECONDS_PER_RUN:-30}" \
    --seed "${SEED:-1}" --no-color "${@:2}" >"$work/calls" 2>&1) || { cat "$work/calls" >&2; exit 1; }
  grep -E 'generated,' "$work/calls"
}

run "$(field "['tokens']['1']")"
run "$(field "['admin_token']")" --include-path-regex '^/roster'

kill -TERM "$server"
wait "$server"
server=
echo "openapi: all passed"
