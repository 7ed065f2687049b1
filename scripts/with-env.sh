#!/usr/bin/env bash
# Runs a command with the toolchain and tools that scripts/setup.sh installed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
source scripts/env.sh
exec "$@"
