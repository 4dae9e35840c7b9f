# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the scripts share. Source it; it goes to the top of the repository.

set -euo pipefail

caller=$PWD
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export caller root
cd "$root"

say() { printf '%s\n' "$*"; }
note() { printf '%s\n' "$*" >&2; }

die() {
  note "$(basename "$0"): $*"
  exit 1
}

# Configures a preset once, and builds targets of it (all without any). To find
# that there is nothing to do takes well below a second.
build_preset() {
  local preset=$1
  shift
  local folder=build/$preset
  if [[ ! -f $folder/build.ninja ]]; then
    say "Configuring build/$preset."
    mkdir -p build
    cmake --preset "$preset" >"build/configure-$preset.log" 2>&1 || {
      tail -n 30 "build/configure-$preset.log" >&2
      die "configuring failed; all of it is in build/configure-$preset.log"
    }
  fi
  ninja -C "$folder" "$@" || die "the build failed; the first error is above"
}

# Lists what tests have written into a file because they could not run; fails if there is anything.
say_not_run() {
  local lines
  lines=$(sort -u "$1")
  if [[ -z $lines ]]; then return 0; fi
  say
  say "not run: $(wc -l <<<"$lines")"
  say "  ${lines//$'\n'/$'\n'  }"
  return 1
}
