#!/usr/bin/env bash
# Copies the browser libraries out of node_modules into public/vendor, which the server serves as /vendor.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p public/vendor
file=hls.min.mjs
cmp -s "node_modules/hls.js/dist/$file" "public/vendor/$file" || cp "node_modules/hls.js/dist/$file" public/vendor/
