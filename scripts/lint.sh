#!/usr/bin/env bash
# What must be in order before anything is merged.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

say() { printf 'lint: %s\n' "$*"; }

say "format"
cargo fmt --all --check
# Never the whole workspace at once: its two sides need features of leptos that exclude each other.
say "server side"
cargo clippy --quiet -p protocol -p streaming -p app -p server --features app/ssr --all-targets -- -D warnings
say "the domain without torrents"
cargo clippy --quiet -p streaming --no-default-features --all-targets -- -D warnings
say "browser side"
cargo clippy --quiet -p frontend --target wasm32-unknown-unknown -- -D warnings
say "end-to-end tests' types"
(cd end2end && npx tsc --noEmit)
if command -v shellcheck >/dev/null; then
  say "shell scripts"
  shellcheck -x scripts/*.sh scripts/stand-ins/ffmpeg-with-card scripts/stand-ins/slow-mpv .ci/run
fi
say "in order"
