# Sourced by the scripts: which toolchain and tools this checkout is built with.
# shellcheck shell=bash

# The folder for tools built from crates.io, shared by all checkouts of this user.
MATINEE_TOOLS=${MATINEE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/matinee/tools}
MATINEE_CARGO_LEPTOS=0.3.10
# wasm-bindgen's program must be of the version in Cargo.lock.
MATINEE_WASM_BINDGEN=$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)
MATINEE_DEBIAN_TOOLCHAIN=matinee-debian

# What is compiled for the server, for lint and tests. With the profile and the features of `cargo leptos build --release`,
# and in one call, so that tests and program share every dependency. Never the whole workspace at once: its two sides
# need features of leptos that exclude each other.
# shellcheck disable=SC2034 # Used by who sources this.
MATINEE_SERVER_SIDE=(--release -p protocol -p streaming -p app -p server --no-default-features)
# shellcheck disable=SC2034 # As above.
MATINEE_SERVER_FEATURES=app/ssr,server/torrents
# As cargo-leptos sets it: it is compiled into leptos.
export LEPTOS_OUTPUT_NAME=matinee

# Debian's toolchain is used where setup.sh had to make it, and only there.
if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && command -v rustup >/dev/null &&
  rustup toolchain list 2>/dev/null | grep -q "^$MATINEE_DEBIAN_TOOLCHAIN"; then
  export RUSTUP_TOOLCHAIN=$MATINEE_DEBIAN_TOOLCHAIN
fi

export PATH="$MATINEE_TOOLS/wasm-bindgen-cli-$MATINEE_WASM_BINDGEN/bin:$MATINEE_TOOLS/cargo-leptos-$MATINEE_CARGO_LEPTOS/bin:$PWD/node_modules/.bin:$PATH"
