#!/usr/bin/env bash
# Runs the tests: `unit` (with the integration tests against real tools), `e2e` (in Chromium), or both. The browser plays
# ten of the films of every kind, or with MATINEE_EVERY=all each of them.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

say() { printf 'test: %s\n' "$*"; }

# Films with frame numbers and beeps, made once. MATINEE_TEST_MEDIA may name a folder that has them already.
export MATINEE_TEST_MEDIA=${MATINEE_TEST_MEDIA:-$PWD/target/media}
films() {
  say "films in $MATINEE_TEST_MEDIA"
  python3 scripts/media "$MATINEE_TEST_MEDIA" --all
}

unit() {
  say "unit and integration tests"
  cargo test --quiet --no-fail-fast "${MATINEE_SERVER_SIDE[@]}" --features "$MATINEE_SERVER_FEATURES"
}

e2e() {
  say "building what the browser tests run"
  cargo leptos build --release
  say "browser tests"
  (cd end2end && npx playwright test)
}

films
for layer in "$@"; do "$layer"; done
