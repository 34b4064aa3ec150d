#!/usr/bin/env bash
# Checks what deploy/, Dockerfile and docker-compose.yml say, without a cluster, a container engine or a
# running systemd: against the published schemas, with linters, and by asking the program itself whether it
# takes the settings. The last line says that everything passed.
#
# ROSTER names the program. What the checks need is installed once into a cache outside the repository.
# Needs node 20 and npm, python3 with venv, kubectl, systemd-analyze with libseccomp, and openssl. With
# CI=true the absence of kubectl or systemd-analyze is a failure, else what needs them is left out.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/roster-deploy
work=$(mktemp -d)
server=
left_out=()
export PYTHONDONTWRITEBYTECODE=1

stop() {
  if [[ -n $server ]]; then kill -KILL "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT

source "$here/../install.sh"

# The commands under a mark of docs/deployment.md, as they stand there.
documented() {
  sed -n "/^<!-- run: $1 -->\$/,/^\`\`\`\$/p" "$root/docs/deployment.md" | sed '1,2d;$d'
}

# Kubernetes: the oldest version with all that is used, and the newest that the tool knows.
kubernetes() {
  # In a copy of the folder, since secrets are made there.
  cp -r "$root/deploy/kubernetes" "$work/"
  (cd "$work/kubernetes/example" && bash -euc "$(documented 'secrets for Kubernetes')")
  kubectl kustomize "$work/kubernetes/example" >"$work/rendered.yaml"
  for version in 1.30 1.37; do
    "$python/kubernetes-validate" --strict --quiet -k "$version" "$work/rendered.yaml"
  done
  "$python/python" "$here/manifests.py" "$ROSTER" "$work/rendered.yaml"
}

# Installs as the page says, in a tree of its own.
systemd() {
  local tree=$work/tree modes
  mkdir -p "$tree"/usr/bin "$tree"/usr/lib/{sysusers.d,tmpfiles.d,systemd} "$tree/etc/systemd/system"
  cp -r /usr/lib/systemd/system "$tree/usr/lib/systemd/"
  command install -D /bin/kill "$tree/bin/kill"
  documented systemd | sed -E "/^cargo /d; s/sudo //; s|^(systemd-\w+)|\1 --root=$tree|
    s| /(usr\|etc)/| $tree/\1/|; s| target/release/roster | $ROSTER |" >"$work/install.sh"
  (cd "$root" && bash -eu "$work/install.sh")
  modes=$(stat -c %a "$tree"/etc/roster{,/roster.toml,/token-secret} | xargs)
  if [[ $modes != "750 640 640" ]]; then
    echo "deploy: /etc/roster and its files have the modes $modes" >&2
    return 1
  fi
  systemd-analyze verify --root="$tree" roster.service
  # In tenths: 0 is shut, 100 is open.
  systemd-analyze security --offline=true --no-pager --threshold=15 \
    "$root/deploy/systemd/roster.service" | tail -n 1
  confined
}

# The program serves, answers and ends under the unit's filter of system calls.
confined() {
  (cd "$work" && exec python3 "$here/sandbox.py" "$root/deploy/systemd/roster.service" \
    "$ROSTER" demo --json --rest-port 0 --grpc-port 0) >"$work/demo.json" 2>"$work/log" &
  server=$!
  for _ in $(seq 300); do
    if [[ $(head -n 1 "$work/demo.json") == *"}" ]]; then break; fi
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; return 1; }
    sleep 0.1
  done
  python3 "$here/join.py" "$work/demo.json"
  kill -TERM "$server"
  wait "$server"
  server=
  echo "the program works under the unit's filter of system calls"
}

# Runs a check if its program is here.
with() {
  local program=$1
  shift
  if command -v "$program" >/dev/null; then
    "$@"
  elif [[ ${CI:-} == true ]]; then
    echo "deploy: $program is missing" >&2
    exit 1
  else
    left_out+=("$*")
  fi
}

if [[ -z ${ROSTER:-} ]]; then
  (cd "$root" && cargo build --quiet --locked)
  ROSTER=${CARGO_TARGET_DIR:-$root/target}/debug/roster
fi
install pip "$here/requirements.txt" -- python_packages
install npm "$here/package.json" "$here/package-lock.json" -- npm_packages
python=$cache/pip/venv/bin

"$python/hadolint" --failure-threshold style "$root/Dockerfile"
echo "hadolint: no warning"
"$cache/npm/node_modules/.bin/dclint" --config "$here/dclint.json" --max-warnings 0 \
  "$root/docker-compose.yml"
echo "dclint: no warning"
with kubectl kubernetes
with systemd-analyze systemd

if [[ ${#left_out[@]} -gt 0 ]]; then
  echo "deploy: passed; left out for want of a program: ${left_out[*]}"
else
  echo "deploy: all passed"
fi
