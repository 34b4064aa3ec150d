#!/usr/bin/env bash
# Checks the crates that the program is made of, and lists them: deny.toml's rules on licences, sources and
# bans, known advisories if a copy of RustSec's database is here, and a bill of materials (CycloneDX 1.5).
#
#   tests/deploy/crates.sh [FILE]      writes the bill to FILE, which should end in .cdx.json
#
# cargo-deny and cargo-cyclonedx are built once into a cache outside the repository, in three to four minutes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/roster-crates
work=$(mktemp -d)
bill=${1:-$work/roster.cdx.json}
databases=${CARGO_HOME:-$HOME/.cargo}/advisory-dbs

# cargo-cyclonedx writes beside the Cargo.toml of each member of the workspace.
stop() {
  rm -rf "$work"
  git -C "$root" clean --quiet --force -- '*bill-in-the-making.json'
}
trap stop EXIT

# Without the settings of this project's own builds. They run for a second: nothing is optimised.
tool() {
  if [[ ! -x $cache/$1-$2/bin/$1 ]]; then
    env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 \
      cargo install --quiet --locked --profile dev --root "$cache/$1-$2" "$1@$2"
  fi
  PATH=$cache/$1-$2/bin:$PATH
}

tool cargo-deny 0.20.2
tool cargo-cyclonedx 0.5.9
cd "$root"

cargo deny --locked check bans licenses sources
if compgen -G "$databases/*" >/dev/null; then
  cargo deny --locked check --disable-fetch advisories
else
  echo "crates: advisories were not looked at, as there is no copy of their database in $databases"
fi

cargo cyclonedx --quiet --format json --spec-version 1.5 --override-filename bill-in-the-making
mv bill-in-the-making.json "$work/bill.json"
# Nobody needs to know where it was made.
sed "s|$root|/src|g" "$work/bill.json" >"$bill"
cargo tree --locked --package roster --edges normal,build --prefix none --format '{p}' \
  | cut -d ' ' -f 1,2 | sort -u | python3 "$here/bill.py" "$bill"
