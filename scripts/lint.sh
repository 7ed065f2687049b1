#!/usr/bin/env bash
# What must be in order before anything is merged.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

say() { printf 'lint: %s\n' "$*"; }

say "format"
cargo fmt --all --check
say "server side"
cargo clippy --quiet "${MATINEE_SERVER_SIDE[@]}" --features "$MATINEE_SERVER_FEATURES" --all-targets -- -D warnings
say "server side without torrents"
cargo clippy --quiet "${MATINEE_SERVER_SIDE[@]}" --features app/ssr --all-targets -- -D warnings
say "browser side"
# In the folder and with the profile of cargo-leptos, whose build uses the same macros.
cargo clippy --quiet -p frontend --profile wasm-release --target-dir target/front --target wasm32-unknown-unknown -- -D warnings
say "end-to-end tests' types"
(cd end2end && npx tsc --noEmit)
if command -v shellcheck >/dev/null; then
  say "shell scripts"
  shellcheck -x scripts/*.sh scripts/stand-ins/{ffmpeg-with-card,lazy-ffmpeg,slow-mpv} .ci/run
fi
say "in order"
