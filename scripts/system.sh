#!/bin/sh
# Install what the tests need beside Python, if apt can: R with the packages of the reference engine, and the shells
# whose completion is tried. In CI failing to is an error.
# usage: sh scripts/system.sh      (from the project's folder)
set -eu
packages="r-base-core r-cran-lme4 r-cran-lmertest r-cran-emmeans r-cran-tibble r-cran-mice r-cran-jsonlite r-cran-mass r-cran-nnet r-cran-sandwich r-cran-clubsandwich zsh fish"
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if command -v apt-get >/dev/null 2>&1; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    echo "Installing$missing ..."
    if $sudo apt-get -qq update >/dev/null 2>&1 &&
        # shellcheck disable=SC2086  # the list must split into words
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null 2>&1; then
        exit 0
    fi
fi
[ "${CI:-}" = true ] && { echo "Not installed, which in CI is a failure:$missing" >&2; exit 1; }
echo "The tests that need these are skipped:$missing" >&2
