#!/usr/bin/env bash
# The comparisons beside those of others, in one run: reladiff and datacompy come from PyPI into a throwaway virtual environment. Needs python3, and what the scripts need.
#
#   npm run build && bench/peers.sh [rows in millions for PostgreSQL, default 3] [rows in millions for Parquet, default 10]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
environment="$(mktemp -d)"
trap 'rm -rf "$environment"' EXIT
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet 'reladiff[postgresql]' datacompy polars
"$environment/bin/pip" list 2>/dev/null | grep -iE '^(reladiff|datacompy|polars) '
node bench/diff-files.mjs --rows "${2:-10}000000" --python "$environment/bin/python"
node bench/postgres-diff.mjs --rows "${1:-3}000000" --runs 3 --reladiff "$environment/bin/reladiff"
node bench/diff-across.mjs --rows "${1:-3}000000" --reladiff "$environment/bin/reladiff"
