#!/bin/sh
# Build the wheel, install it in a bare environment, and run the five stages from it.
# usage: sh scripts/wheel.sh [newest]      (from the project's folder, with .venv made by `make test`)
#   with the locked libraries; newest: with the newest that the metadata allow, from a package index
set -eu
libraries=${1:-locked}
project=$(pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
.venv/bin/python -m pip wheel . --quiet --disable-pip-version-check --no-deps --no-build-isolation -w "$place"
"${PYTHON:-python3}" -m venv "$place/bare"
install() { "$place/bare/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }
if [ "$libraries" = newest ]; then
    install "$place"/dnt_cli-*.whl
    "$place/bare/bin/python" -m pip list --disable-pip-version-check --format freeze |
        grep -E '^(pandas|numpy|scipy|statsmodels|pyarrow|lightgbm|typer|duckdb|matplotlib)==' | tr '\n' ' '
else
    export RPY2_CFFI_MODE=ABI
    install --require-hashes -r requirements/runtime.txt
    install --no-deps "$place"/dnt_cli-*.whl
fi
cd "$place" # so that nothing of the project's folder is imported
DNT=$place/bare/bin/dnt M=3 sh "$project/scripts/rerun.sh" example dnt "results of the wheel"
for stage in survey register imputed t3 longitudinal robustness description; do
    "$place/bare/bin/dnt" info "results of the wheel/$stage.parquet" >/dev/null
done
echo "The wheel works: five stages in a bare environment, with the $libraries libraries."
