#!/usr/bin/env bash
# Follows README's "Run it", and what docs/operations.md marks with <!-- run -->, word by word, as somebody
# does who has nothing but those pages: in an empty directory, once on SQLite and once on PostgreSQL.
#
# ROSTER names the program that is otherwise built and installed; ROSTER_TEST_POSTGRES_URL a PostgreSQL where
# roles and databases may be made. Without it that part is left out, and said to be. What is replaced in the
# pages' lines: ports that are taken, the name of the role and the database, and `cargo install` and `sudo`,
# which stand for themselves.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [[ -z ${ROSTER:-} ]]; then
  (cd "$root" && cargo build --quiet)
  ROSTER=${CARGO_TARGET_DIR:-$root/target}/debug/roster
fi
postgres=${ROSTER_TEST_POSTGRES_URL:-}
work=$(mktemp -d)
server=
name=first_hour_$$

stop() {
  if [[ -n $server ]]; then kill -KILL "$server" 2>/dev/null || true; fi
  if [[ -n $postgres ]]; then
    psql -q "$postgres" -c "DROP DATABASE IF EXISTS $name WITH (FORCE)" \
      -c "DROP ROLE IF EXISTS $name" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT

fail() {
  echo "first hour: $1" >&2
  tail -n 20 "$work"/*.log >&2
  exit 1
}

# The shell blocks of a page: blocks FILE DATABASE SECTION-OR-EMPTY ONLY-MARKED. Those marked for the other
# database are left out.
blocks() {
  awk -v database="$2" -v section="$3" -v only_marked="$4" '
    /^## / { inside = (section == "" || $0 == "## " section) }
    /^<!-- run/ { mark = $0; next }
    /^```sh$/ {
      wanted = inside && (only_marked ? mark != "" : 1)
      if (mark ~ /: / && mark != "<!-- run: " database " -->") wanted = 0
      printing = wanted; mark = ""; next
    }
    /^```$/ { printing = 0; next }
    printing { print }
  ' "$1"
}

# A port that nobody listens on: this one, if it is free.
free_port() {
  if ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then echo "$1"; return; fi
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

follow() {
  local database=$1 line status grpc rest admin
  local here=$work/$database
  mkdir "$here"
  grpc=$(free_port 50051) rest=$(free_port 8080) admin=$(free_port 9090)
  # What the machine has, and nothing of ours but what the pages say.
  cat >"$here.sh" <<END
set -euo pipefail
cd "$here"
export PATH="$work/bin:\$PATH"
cargo() { [[ "\$*" == "install --locked --path ." ]]; }
sudo() { [[ "\$1 \$2" == "-u postgres" ]]; shift 2; "\$@"; }
psql() { command psql -q "$postgres" -v ON_ERROR_STOP=1 "\$@"; }
END
  if [[ "$grpc $rest $admin" != "50051 8080 9090" ]]; then
    echo "export ROSTER_GRPC=127.0.0.1:$grpc ROSTER_REST=127.0.0.1:$rest ROSTER_ADMIN=127.0.0.1:$admin" \
      "ROSTER_SERVER=127.0.0.1:$grpc" >>"$here.sh"
  fi
  cp "$here.sh" "$here-other.sh"
  cp "$here.sh" "$here-server.sh"
  {
    blocks "$root/README.md" "$database" "Run it" ""
    blocks "$root/docs/operations.md" "$database" "" 1
  } | sed \
    -e "s/127\.0\.0\.1:50051/127.0.0.1:$grpc/g" -e "s/127\.0\.0\.1:8080/127.0.0.1:$rest/g" \
    -e "s/ROLE roster /ROLE $name /" -e "s/DATABASE roster OWNER roster/DATABASE $name OWNER $name/" \
    -e "s#postgres://roster:\([^@]*\)@127\.0\.0\.1:5432/roster#postgres://$name:\1@$host/$name#" \
    >"$here.lines"
  # Up to the server in one terminal, the rest in another.
  sed '/^roster serve$/q' "$here.lines" >>"$here-server.sh"
  sed '1,/^roster serve$/d' "$here.lines" >>"$here-other.sh"
  sed -i 's/^roster serve$/exec roster serve/' "$here-server.sh"
  grep -q '^exec roster serve$' "$here-server.sh" || fail "README does not say how to serve"
  bash "$here-server.sh" >"$here-server.log" 2>&1 &
  server=$!
  for _ in $(seq 300); do
    if curl -sf -o /dev/null "http://127.0.0.1:$rest/readyz"; then break; fi
    kill -0 "$server" 2>/dev/null || fail "on $database the server ended"
    sleep 0.1
  done
  bash "$here-other.sh" >"$here-other.log" 2>&1 || fail "on $database a line of the pages failed"
  for line in '^STATUS *member$' '"join_status":"joined"\|"status":"joined"' ' joined ' '^groups/1 is deleted$'; do
    grep -q "$line" "$here-other.log" || fail "on $database nothing says: $line"
  done
  local mode
  for file in token-secret admin-token; do
    mode=$(stat -c %a "$here/$file")
    [[ $mode == 600 ]] || fail "$file can be read by others: $mode"
  done
  status=0
  kill -TERM "$server"
  wait "$server" || status=$?
  server=
  [[ $status -eq 0 ]] || fail "on $database the server ended with status $status"
  echo "first hour: $(grep -c . "$here.lines") lines followed on $database"
}

mkdir "$work/bin"
ln -s "$ROSTER" "$work/bin/roster"
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
# The pages begin with no settings.
for variable in $(compgen -e ROSTER_ || true); do unset "$variable"; done
host=
follow sqlite
if [[ -n $postgres ]]; then
  host=${postgres#*://} host=${host#*@} host=${host%%/*}
  follow postgres
else
  echo "first hour: PostgreSQL is left out: ROSTER_TEST_POSTGRES_URL is not set"
fi
