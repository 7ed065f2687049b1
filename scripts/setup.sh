#!/usr/bin/env bash
# Installs what Matinee needs to be built, run and tested, and says what it does.
#
#   scripts/setup.sh run     what `make serve` needs: build tools, mpv, ffmpeg
#   scripts/setup.sh test    the same, and what `make test` needs: Chromium, mkvmerge, VLC, aria2, Playwright
#
# Two kinds of machine are served: one with an ordinary rustup, which adds the wasm target itself, and a
# Debian one whose rustup can add none; there Debian's own Rust builds the standard library for wasm once.
# Quick when nothing is missing: each step first looks whether its result is there.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh

what=${1:-run}
say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# --- Debian packages -----------------------------------------------------------------------------

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 127; fi
}

apt_updated=
# packages NAME...: installs those that are missing, or names the command that would.
packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  say "installing ${missing[*]}"
  if [ -z "$apt_updated" ]; then
    as_root apt-get update -qq || die "this needs root: sudo apt-get update && sudo apt-get install ${missing[*]}"
    apt_updated=yes
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    die "could not install them; try: sudo apt-get install ${missing[*]}"
}

# need PROGRAM PACKAGE: PROGRAM from anywhere, else from Debian's PACKAGE, else named with what would install it.
need() {
  command -v "$1" >/dev/null && return 0
  command -v apt-get >/dev/null || die "$1 is missing and this system has no apt-get: install $1 with your system's package manager"
  packages "$2"
}

# What subtitles are drawn in where a film brings no fonts: Latin, Cyrillic, Greek, Arabic, Hebrew; Devanagari, Thai and more;
# Chinese, Japanese, Korean.
fonts=(fontconfig fonts-dejavu-core fonts-noto-core fonts-noto-cjk)

# Matinee runs without them, so they are not insisted on.
subtitle_fonts() {
  if ! command -v apt-get >/dev/null || ! (packages "${fonts[@]}"); then
    say "going on without: subtitles in some scripts will lack letters until these packages are installed: ${fonts[*]}"
  fi
}

runtime() {
  subtitle_fonts
  need ffmpeg ffmpeg
  need mpv mpv
  need cc build-essential
  need pkg-config pkg-config
  need npm npm
}

test_tools() {
  need mkvmerge mkvtoolnix
  need python3 python3
  need cvlc vlc-bin
  need aria2c aria2
  if command -v apt-get >/dev/null; then
    # The generated films' subtitles use the fonts; VLC's base plugins have its HLS reader.
    packages "${fonts[@]}" vlc-plugin-base shellcheck
  fi
  command -v chromium >/dev/null || command -v google-chrome >/dev/null || need chromium chromium
}

# --- Rust ----------------------------------------------------------------------------------------

wasm_ready() {
  [ -n "$(find "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib" -name 'libstd-*.rlib' 2>/dev/null)" ]
}

# Debian's Rust, its standard library built for wasm, linked into rustup under the name scripts/env.sh uses.
debian_toolchain() {
  command -v apt-get >/dev/null || die "no wasm target: run rustup target add wasm32-unknown-unknown"
  say "rustup has no wasm target here; using Debian's Rust instead (back with: rustup toolchain uninstall $MATINEE_DEBIAN_TOOLCHAIN)"
  packages rustc-web cargo-web rust-web-src libstd-rust-web-dev rust-web-clippy rustfmt-web lld-19
  rustup toolchain link "$MATINEE_DEBIAN_TOOLCHAIN" /usr
  local host lib=/usr/lib/rustlib/wasm32-unknown-unknown/lib linker
  host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
  linker=/usr/lib/rustlib/$host/bin/rust-lld
  if ! [ -e "$linker" ]; then
    as_root mkdir -p "$(dirname "$linker")"
    as_root ln -s /usr/bin/lld-19 "$linker"
  fi
  [ -n "$(find "$lib" -name 'libstd-*.rlib' 2>/dev/null)" ] && return 0
  say "building the standard library for wasm, once (about a minute)"
  local dir
  dir=$(mktemp -d)
  mkdir "$dir/src"
  printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n' >"$dir/Cargo.toml"
  : >"$dir/src/lib.rs"
  (cd "$dir" && RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$dir/target" /usr/bin/cargo build --quiet \
    -Zbuild-std=std,panic_abort,panic_unwind,proc_macro --target wasm32-unknown-unknown --release)
  rm -f "$dir"/target/wasm32-unknown-unknown/release/deps/libempty*.rlib
  # Moved into place as a whole: half of it would look like all of it.
  as_root rm -rf "$lib.new"
  as_root mkdir -p "$lib.new"
  as_root cp "$dir"/target/wasm32-unknown-unknown/release/deps/lib*.rlib "$lib.new/"
  as_root rm -rf "$lib"
  as_root mv "$lib.new" "$lib"
  rm -rf "$dir"
}

rust() {
  command -v rustup >/dev/null || command -v cargo >/dev/null ||
    die "Rust is missing: install it with rustup, see the README"
  wasm_ready && return 0
  if command -v rustup >/dev/null; then
    local answer
    if answer=$(rustup target add wasm32-unknown-unknown 2>&1) && wasm_ready; then
      say "added the wasm target"
      return 0
    fi
    say "rustup target add wasm32-unknown-unknown: $(tail -n 1 <<<"$answer")"
  else
    die "no wasm target and no rustup to add it: install Rust with rustup, see the README"
  fi
  debian_toolchain
  source scripts/env.sh
  wasm_ready || die "the wasm target is still missing: run rustup target add wasm32-unknown-unknown"
}

# --- Tools built from crates.io, kept in one folder for all checkouts of this user -----------------

# built NAME VERSION FLAG...: cargo install without the long optimisation these small tools would get.
built() {
  local name=$1 version=$2 root="$MATINEE_TOOLS/$1-$2"
  shift 2
  [ -x "$root/bin/$name" ] || [ -x "$root/bin/${name%-cli}" ] && return 0
  say "building $name $version, once"
  local build
  build=$(mktemp -d "$MATINEE_TOOLS/build.XXXXXX")
  CARGO_PROFILE_RELEASE_LTO=false CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
    CARGO_PROFILE_RELEASE_DEBUG=false CARGO_TARGET_DIR="$build" \
    cargo install --quiet --root "$root" --version "$version" "$@" "$name"
  rm -rf "$build"
}

cargo_tools() {
  mkdir -p "$MATINEE_TOOLS"
  built wasm-bindgen-cli "$MATINEE_WASM_BINDGEN"
  # Its lock file builds with Rust 1.95; the next release's wants 1.96.
  built cargo-leptos "$MATINEE_CARGO_LEPTOS" --locked
}

# --- npm -----------------------------------------------------------------------------------------

# modules FOLDER: installs the folder's packages when its lock file is newer than what is there.
modules() {
  [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return 0
  say "installing npm packages in $1"
  (cd "$1" && npm ci --silent --no-fund --no-audit)
  touch "$1/node_modules/.package-lock.json"
}

runtime
[ "$what" = test ] && test_tools
rust
cargo_tools
modules .
scripts/vendor.sh
[ "$what" = test ] && modules end2end
say "ready"
