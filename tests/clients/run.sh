#!/usr/bin/env bash
# Runs other people's clients against a demo server of its own: SelfCommunity's npm client, Python's
# gRPC with reflection, and buf's lint of the contract. The last line says that everything passed.
#
# ROSTER names the server's binary; without it cargo builds and runs one. What the clients need is
# installed once into a cache outside the repository. Needs node 20, npm, and python3 with venv.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/roster-clients
work=$(mktemp -d)
server=

stop() {
  if [[ -n $server ]]; then kill -KILL "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT

# Installs once for each content of the files that say what to install: install NAME FILE... -- COMMAND...
install() {
  local name=$1 files=() stamp
  shift
  while [[ $1 != -- ]]; do files+=("$1"); shift; done
  shift
  stamp=$(cat "${files[@]}" | sha256sum | cut -c1-16)
  if [[ $(cat "$cache/$name/.stamp" 2>/dev/null) != "$stamp" ]]; then
    rm -rf "${cache:?}/$name"
    mkdir -p "$cache/$name"
    cp "${files[@]}" "$cache/$name/"
    (cd "$cache/$name" && "$@")
    echo "$stamp" >"$cache/$name/.stamp"
  fi
}

python_packages() {
  python3 -m venv venv
  venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
}

# Starts the demo and waits for its JSON line. A process substitution would hide the server's end.
start() {
  local command=("${ROSTER:-}")
  if [[ -z ${ROSTER:-} ]]; then
    (cd "$root" && cargo build --quiet)
    command=("${CARGO_TARGET_DIR:-$root/target}/debug/roster")
  fi
  "${command[@]}" demo --json --rest-port 0 --grpc-port 0 >"$work/demo.json" 2>"$work/log" &
  server=$!
  for _ in $(seq 300); do
    demo=$(head -n 1 "$work/demo.json")
    if [[ $demo == *"}" ]]; then return; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  echo "the demo server did not start:" >&2
  cat "$work/log" >&2
  exit 1
}

finish() {
  local status=0
  kill -TERM "$server"
  wait "$server" || status=$?
  server=
  if [[ $status -ne 0 ]]; then
    echo "the server ended with status $status after SIGTERM" >&2
    tail -n 20 "$work/log" >&2
    exit 1
  fi
}

install npm "$here/package.json" "$here/package-lock.json" -- \
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
install pip "$here/grpc/requirements.txt" -- python_packages

"$cache/npm/node_modules/.bin/buf" lint "$root/proto"
echo "buf lint: ok"

start
# A proxy of the environment must not stand between a client and the loopback.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
failed=()
ROSTER_DEMO=$demo NODE_PATH=$cache/npm/node_modules \
  node "$here/selfcommunity/walk.js" || failed+=("selfcommunity")
ROSTER_DEMO=$demo PYTHONDONTWRITEBYTECODE=1 \
  "$cache/pip/venv/bin/python" "$here/grpc/walk.py" || failed+=("grpc")
finish

if [[ ${#failed[@]} -gt 0 ]]; then
  echo "clients failed: ${failed[*]}" >&2
  exit 1
fi
echo "clients: all passed"
