#!/usr/bin/env bash
# Changes the rules, or how callers are told, a little, one place at a time, and sees whether a test notices: see README.md.
#
#   tests/mutation/run.sh domain|auth|ledger|store [OPTION OF cargo mutants ...]
#
# A layer is built alone, with the layers below it and the tests that need nothing above it: that takes seconds, where
# the whole takes a minute for each change. cargo-mutants must be there: cargo install --locked cargo-mutants
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
layer=${1:?"which layer: domain, auth, ledger or store?"}
shift
crate=${CARGO_TARGET_DIR:-$root/target}/mutation/$layer
rm -rf "$crate"
mkdir -p "$crate/src" "$crate/tests/it" "$crate/tests/golden" "$crate/docs"

# The package as it is, without what makes the contract, and without the other packages.
manifest() {
  sed -e '/^\[workspace\]/,/^$/d' -e '/^\[build-dependencies\]/,/^$/d' -e '/^\[lints\]/,/^$/d' \
    -e '/^\[workspace\.lints/,/^$/d' -e '/^\[profile/,/^$/d' -e '/^build = /d' "$root/Cargo.toml" \
    | sed -E "s|path = \"(proto\|migrations)\"|path = \"$root/\1\"|"
  printf '[workspace]\n[profile.dev]\ndebug = "line-tables-only"\n'
}

# The ledger and the store, and the simulation, which asks both of them, as their tests.
ledger_and_store() {
  manifest >"$crate/Cargo.toml"
  sed -i "s|^\[dev-dependencies\]|&\ntokio = { version = \"1\", features = [\"test-util\"] }|" "$crate/Cargo.toml"
  cat >>"$crate/Cargo.toml" <<'END'
[[test]]
name = "simulation"
path = "tests/simulation/src/main.rs"
END
  cp "$root/Cargo.lock" "$crate/"
  { echo '#[macro_use]'; modules domain clock instruments ledger request_context store; } >"$crate/src/lib.rs"
  cp -r "$root"/src/{domain,clock.rs,instruments.rs,ledger,request_context*,store} "$crate/src/"
  mkdir -p "$crate/tests/"{simulation,history/src}
  cp -r "$root/tests/simulation/src" "$crate/tests/simulation/"
  cp "$root/tests/history/src/random.rs" "$crate/tests/history/src/"
}

# Modules of the library, and those of its tests.
modules() { printf 'pub mod %s;\n' "$@"; }
tests_of() {
  echo '//! The tests of one layer.'
  printf 'mod %s;\n' "$@"
}

case $layer in
  domain)
    printf '[package]\nname = "roster"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n' >"$crate/Cargo.toml"
    printf '[dev-dependencies]\nproptest = "1"\n[profile.dev]\nopt-level = 1\ndebug = 0\n[profile.dev.package."*"]\nopt-level = 2\n' >>"$crate/Cargo.toml"
    { echo '#[macro_use]'; modules domain; } >"$crate/src/lib.rs"
    cp -r "$root/src/domain" "$crate/src/"
    cp -r "$root"/tests/it/{domain,golden.rs} "$crate/tests/it/"
    # The tables of the rules, without those of errors, which name the surfaces.
    sed -e '/^\/\/\/ Every reason of the contract/,$d' -e '/transport::\|StatusCode\|tonic::/d' \
      "$root/tests/it/grids.rs" >"$crate/tests/it/grids.rs"
    tests_of domain golden grids >"$crate/tests/it/main.rs"
    ;;
  auth)
    manifest >"$crate/Cargo.toml"
    cp "$root/Cargo.lock" "$crate/"
    { echo '#[macro_use]'; modules domain auth clock instruments; echo 'pub mod cli { pub mod mint; }'; } >"$crate/src/lib.rs"
    cp -r "$root"/src/{domain,auth,clock.rs,instruments.rs} "$crate/src/"
    mkdir "$crate/src/cli"
    cp "$root/src/cli/mint.rs" "$crate/src/cli/"
    cp -r "$root/tests/it/auth" "$crate/tests/it/"
    # These ask a whole server.
    rm "$crate"/tests/it/auth/{encrypted,outage,requests}.rs
    sed -i '/^mod \(encrypted\|outage\|requests\);/d' "$crate/tests/it/auth/mod.rs"
    tests_of auth >"$crate/tests/it/main.rs"
    ;;
  ledger | store) ledger_and_store ;;
  *)
    echo "there is no such layer: $layer" >&2
    exit 2
    ;;
esac
cp "$root"/tests/golden/* "$crate/tests/golden/"
cp "$root"/docs/*.md "$crate/docs/"

cd "$crate"
# How something is shown to developers, and the hash of a hash, is nobody's promise; nor is what plants defects, which is
# not built.
files=(--file "src/$layer/**")
# Whoever names files means no others.
if [[ " $* " =~ " "(-f|--file)[\ =] ]]; then files=(); fi
exec cargo mutants --in-place --no-shuffle "${files[@]}" \
  --exclude-re 'impl fmt::Debug' --exclude-re 'impl Hasher' \
  --exclude-re '\b(believed|acknowledge_early|spoilt)\b' "$@"
