#!/usr/bin/env bash
# Runs other people's clients against a demo server of its own: SelfCommunity's npm client, Python's
# gRPC with reflection, one tour through every client of the contract, clients that buf makes of the
# contract, and buf's opinion of it. The last line says that everything passed.
#
# With --browser, Debian's chromium calls the server from a page on another origin and from Swagger UI, and
# does nothing else.
#
# ROSTER names the server's binary; without it cargo builds and runs one. What the clients need is
# installed once into a cache outside the repository. Needs node 20, npm, and python3 with venv; the
# client in Go also Debian's golang-go, protoc-gen-go, protoc-gen-go-grpc, golang-google-grpc-dev and
# golang-google-genproto-dev.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/roster-clients
work=$(mktemp -d)
server=
page_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
origin=http://127.0.0.1:$page_port

stop() {
  if [[ -n $server ]]; then kill -KILL "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT

source "$here/../install.sh"

# Starts the demo and waits for its JSON line. A process substitution would hide the server's end.
start() {
  roster=${ROSTER:-}
  if [[ -z $roster ]]; then
    (cd "$root" && cargo build --quiet)
    roster=${CARGO_TARGET_DIR:-$root/target}/debug/roster
  fi
  "$roster" demo --json --rest-port 0 --grpc-port 0 --cors-origins "$origin" >"$work/demo.json" 2>"$work/log" &
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

install npm "$here/package.json" "$here/package-lock.json" -- npm_packages
install pip "$here/grpc/requirements.txt" -- python_packages

buf=$cache/npm/node_modules/.bin/buf
"$buf" lint "$root/proto"
echo "buf lint: ok"
# Against the contract as it was released last (docs/releasing.md).
"$buf" breaking "$root/proto" --against "$root/proto/released.binpb"
echo "buf breaking: ok"
# Clients as buf makes them: compiled here, called below.
PATH=$cache/pip/venv/bin:$cache/npm/node_modules/.bin:$PATH "$buf" generate "$root/proto" \
  --template "$root/proto/buf.gen.yaml" -o "$work"
cp "$here"/generated/{join.ts,tsconfig.json} "$work/generated/typescript/"
ln -s "$cache/npm/node_modules" "$work/generated/"
"$cache/npm/node_modules/.bin/tsc" --project "$work/generated/typescript"
"$cache/npm/node_modules/.bin/esbuild" --bundle --platform=node --log-level=error \
  --outfile="$work/generated/join.js" "$work/generated/typescript/join.ts"
gocode=/usr/share/gocode
if [[ -d $gocode ]] && command -v go >/dev/null && command -v protoc-gen-go-grpc >/dev/null; then
  "$buf" generate "$root/proto" --template "$root/proto/buf.gen.go.yaml" -o "$work"
  mkdir "$work/go"
  ln -s "$work/generated/go" "$work/go/src"
  # Debian has the libraries as source, for Go's older way of finding them.
  GO111MODULE=off GOPATH=$work/go:$gocode go build -o "$work/generated/join" "$here/generated/join.go"
else
  echo "generated: go: left out, as Debian's packages are not there"
fi
# The contract, and what its errors are made of, as descriptors.
mkdir "$work/proto"
cp -r "$root/proto/roster" "$cache"/pip/venv/lib/python3*/site-packages/google "$work/proto/"
find "$work/proto" -type f ! -name '*.proto' -delete
"$buf" build "$work/proto" --path "$work/proto/roster" --path "$work/proto/google/rpc" -o "$work/image.binpb"

start
# A proxy of the environment must not stand between a client and the loopback.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
failed=()
export ROSTER_DEMO=$demo ROSTER_IMAGE=$work/image.binpb
export NODE_PATH=$cache/npm/node_modules PYTHONDONTWRITEBYTECODE=1
python=$cache/pip/venv/bin/python
if [[ ${1:-} == --browser ]]; then
  node "$here/browser/serve.js" "$page_port" || failed+=("browser")
  node "$here/browser/docs.js" || failed+=("swagger ui")
else
  node "$here/selfcommunity/walk.js" || failed+=("selfcommunity")
  node "$here/selfcommunity/methods.js" || failed+=("selfcommunity, every method")
  "$python" "$here/grpc/walk.py" || failed+=("grpc")
  "$python" "$here/grpc/replicas.py" "$roster" || failed+=("grpc, two servers")
  "$python" "$here/grpc/tour.py" || failed+=("tour, python")
  node "$here/tour/clients.js" || failed+=("tour, node")
  node "$work/generated/join.js" || failed+=("generated typescript")
  if [[ -x $work/generated/join ]]; then "$work/generated/join" || failed+=("generated go"); fi
  PYTHONPATH=$work/generated/python "$python" "$here/generated/join.py" || failed+=("generated python")
fi
finish

if [[ ${#failed[@]} -gt 0 ]]; then
  echo "clients failed: ${failed[*]}" >&2
  exit 1
fi
echo "clients: all passed"
