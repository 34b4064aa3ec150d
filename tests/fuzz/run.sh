#!/usr/bin/env bash
# Gives each reader what nobody thought of, for so many seconds each, two at a time.
#
#   tests/fuzz/run.sh [SECONDS] [TARGET ...]      60 seconds and all targets, if nothing is said
#
# What was found to lead somewhere new is kept beside the build, in $CARGO_TARGET_DIR/fuzz-corpus, and is gone on from.
# What breaks a promise is written to $CARGO_TARGET_DIR/fuzz-finds, and ends the run with an error.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export FUZZ_SECONDS=${1:-60}
shift || true
targets=("$@")
if [[ ${#targets[@]} == 0 ]]; then targets=(contract rest tokens cursors sets lines); fi
export FUZZ=${CARGO_TARGET_DIR:-$PWD/target}
mkdir -p "$FUZZ/fuzz-finds" "$FUZZ/fuzz-corpus"

# FUZZ_LONGEST is the longest input in bytes: shorter ones are tried more quickly.
export FUZZ_LONGEST=${FUZZ_LONGEST:-4096}

# FUZZ_PROFILE=dev builds only what is ours anew, where the rest was built for tests, and tries fewer inputs a second.
profile=${FUZZ_PROFILE:-fuzz}
ours=()
export FUZZ_BINARIES=$FUZZ/$profile
if [[ $profile == dev ]]; then
  FUZZ_BINARIES=$FUZZ/debug
  ours=(--config 'profile.dev.package.roster.opt-level=1')
fi
# What is ours is instrumented, and what it stands on is not.
RUSTC_WORKSPACE_WRAPPER=$PWD/tests/fuzz/instrumented.sh \
  cargo build --locked --profile "$profile" "${ours[@]}" --package fuzz

one() {
  local log=$FUZZ/fuzz-finds/$1.log kept=tests/fuzz/corpus/$1
  mkdir -p "$FUZZ/fuzz-corpus/$1"
  if [[ -d $kept ]]; then cp "$kept"/* "$FUZZ/fuzz-corpus/$1/"; fi
  if ! FUZZ_SEEDS=$FUZZ/fuzz-corpus/$1 "$FUZZ_BINARIES/fuzz-$1" "$FUZZ/fuzz-corpus/$1" -max_total_time="$FUZZ_SECONDS" \
    -dict=tests/fuzz/words.dict -max_len="$FUZZ_LONGEST" -timeout=300 -rss_limit_mb=4096 \
    -artifact_prefix="$FUZZ/fuzz-finds/$1-" -print_final_stats=1 >"$log" 2>&1; then
    grep -av '^#' "$log" | tail -n 40
    echo "fuzz: $1 broke a promise: $log" >&2
    return 1
  fi
  awk -v name="$1" '/number_of_executed_units/ { all = $2 } /average_exec_per_sec/ { rate = $2 }
    END { print "fuzz: " name ": " all " inputs, " rate " a second" }' "$log"
}
export -f one

printf '%s\n' "${targets[@]}" | xargs -P 2 -I {} bash -c 'one {}'
