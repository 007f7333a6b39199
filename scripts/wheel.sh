#!/bin/sh
# Build the wheel, install it in a bare environment with the locked libraries, and run the five stages from it.
# usage: sh scripts/wheel.sh      (from the project's folder, with .venv made by `make test`)
set -eu
project=$(pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
.venv/bin/python -m pip wheel . --quiet --disable-pip-version-check --no-deps --no-build-isolation -w "$place"
"${PYTHON:-python3}" -m venv "$place/bare"
export RPY2_CFFI_MODE=ABI
"$place/bare/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
"$place/bare/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$place"/dnt_cli-*.whl
cd "$place" # so that nothing of the project's folder is imported
DNT=$place/bare/bin/dnt M=3 sh "$project/scripts/rerun.sh" example dnt "results of the wheel"
for stage in survey register imputed t3 longitudinal robustness description; do
    "$place/bare/bin/dnt" info "results of the wheel/$stage.parquet" >/dev/null
done
echo "The wheel works: five stages in a bare environment."
