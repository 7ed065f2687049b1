#!/usr/bin/env bash
# Leaves the browser libraries of node_modules in public/vendor, which the server serves as /vendor.
# Quick when nothing has changed: copies are compared, bundles are made when they are older than what they come from.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p public/vendor

# copied FROM NAME: public/vendor/NAME is FROM.
copied() { cmp -s "$1" "public/vendor/$2" || cp "$1" "public/vendor/$2"; }

# fresh NAME SOURCE…: whether public/vendor/NAME is newer than all its sources.
fresh() {
  local made=public/vendor/$1 source
  shift
  for source in scripts/vendor.sh "$@"; do [ "$made" -nt "$source" ] || return 1; done
}

# bundled FROM NAME: public/vendor/NAME is the module FROM with all that it imports.
bundled() {
  local stand_in=scripts/jassub/left-out.js
  # npm writes the second file at each install; what it unpacks may be older than the bundle.
  fresh "$2" "$1" node_modules/.package-lock.json "$stand_in" && return 0
  node_modules/.bin/esbuild "$1" --bundle --minify --format=esm --target=es2022 --log-level=warning \
    "--alias:rvfc-polyfill=./$stand_in" "--alias:lfa-ponyfill=./$stand_in" "--outfile=public/vendor/$2"
}

# What its licences ask for, to be read beside it.
jassub_licence() {
  local parts=(scripts/jassub/notice.txt node_modules/jassub/LICENSE LICENSE-APACHE scripts/jassub/LGPL-2.1.txt)
  fresh jassub-licence.txt node_modules/.package-lock.json "${parts[@]}" && return 0
  local part line
  line=$(printf '%.0s-' {1..100})
  {
    cat "${parts[0]}"
    printf '\nThe version here is%s\n' "$(sed -n 's/^  "version": "\(.*\)",$/ jassub \1/p' node_modules/jassub/package.json)"
    for part in "${parts[@]:1}"; do printf '\n%s\n\n' "$line" && cat "$part"; done
  } >public/vendor/jassub-licence.txt
}

copied node_modules/hls.js/dist/hls.min.mjs hls.min.mjs

jassub=node_modules/jassub/dist
bundled $jassub/jassub.js jassub.mjs
bundled $jassub/worker/worker.js jassub-worker.mjs
copied $jassub/wasm/jassub-worker.wasm jassub.wasm
copied $jassub/wasm/jassub-worker-modern.wasm jassub-modern.wasm
copied $jassub/default.woff2 jassub-fallback.woff2
jassub_licence

bundled scripts/libpgs/parts.js libpgs.mjs
copied node_modules/libpgs/LICENSE libpgs-licence.txt
