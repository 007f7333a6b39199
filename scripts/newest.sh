#!/bin/sh
# Install dnt with the newest libraries that its metadata allow, not the locked ones, and run the five stages.
# usage: sh scripts/newest.sh      (from the project's folder, with .venv made by `make test`)
set -eu
project=$(pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
.venv/bin/python -m pip wheel . --quiet --disable-pip-version-check --no-deps --no-build-isolation -w "$place"
"${PYTHON:-python3}" -m venv "$place/newest"
"$place/newest/bin/python" -m pip install --quiet --disable-pip-version-check "$place"/dnt_cli-*.whl
"$place/newest/bin/python" -m pip list --disable-pip-version-check --format freeze |
    grep -E '^(pandas|numpy|scipy|statsmodels|pyarrow|lightgbm|typer|duckdb|matplotlib)==' | tr '\n' ' '
cd "$place" # so that nothing of the project's folder is imported
DNT=$place/newest/bin/dnt M=3 sh "$project/scripts/rerun.sh" example dnt results
for stage in survey register imputed t3 longitudinal robustness description; do
    "$place/newest/bin/dnt" info "results/$stage.parquet" >/dev/null
done
echo "The five stages work with the newest libraries."
