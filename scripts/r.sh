#!/bin/sh
# Install R and the packages that the reference engine and its tests need, if apt can. In CI failing to is an error.
# usage: sh scripts/r.sh      (from the project's folder)
set -eu
packages="r-base-core r-cran-lme4 r-cran-lmertest r-cran-emmeans r-cran-tibble r-cran-mice r-cran-jsonlite r-cran-mass r-cran-nnet r-cran-sandwich r-cran-clubsandwich"
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if command -v apt-get >/dev/null 2>&1; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    echo "Installing R and$missing ..."
    if $sudo apt-get -qq update >/dev/null 2>&1 &&
        # shellcheck disable=SC2086  # the list must split into words
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null 2>&1; then
        exit 0
    fi
fi
[ "${CI:-}" = true ] && { echo "R could not be installed; in CI that is a failure." >&2; exit 1; }
echo "R is not complete here, so the tests against lme4 are skipped. Missing:$missing" >&2
