#!/usr/bin/env bash
# Installs the npm packages of the lockfile, where they are missing or older than it.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit
fi
