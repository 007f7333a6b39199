#!/bin/sh
# The whole analysis of a study, from answers and register records to tables; stops at the first step that fails.
# usage: sh scripts/rerun.sh SURVEY STUDY RESULTS [RECORDS LINK]
#   SURVEY   answers, a row per person and wave (CSV, Parquet, SPSS), or a stage file
#   STUDY    study file, or the name of a built-in study
#   RESULTS  folder for everything that is made
#   RECORDS  file or folder with SPOLISBUS records; LINK the file that says who is who in them
# DNT is the program (default: dnt), M the number of imputations (default: the study's).
set -eu
if [ "$#" -ne 3 ] && [ "$#" -ne 5 ]; then
    sed -n '3,8s/^# //p' "$0" >&2
    exit 2
fi
survey=$1 study=$2 results=$3
dnt=${DNT:-dnt}
mkdir -p "$results"
run() { # name of the table, command
    table=$1
    shift
    echo "dnt $1 ..." >&2
    "$dnt" "$@" -q >"$results/$table.txt"
}

set -- "${4:-}" "${5:-}"
"$dnt" study check "$study" "$survey" >"$results/check.txt"
run survey convert "$survey" --study "$study" -o "$results/survey.parquet" --force
if [ -n "$1" ]; then
    run register polis "$1" --link "$2" --study "$study" -o "$results/register.parquet" --force
    set -- --register "$results/register.parquet"
else
    set --
fi
if [ -n "${M:-}" ]; then set -- "$@" -m "$M"; fi
run describe describe "$results/survey.parquet" -o "$results/description.parquet" --figures "$results/figures" --force
run impute impute "$results/survey.parquet" "$@" -o "$results/imputed.parquet" --force
run t3 fit-t3 "$results/imputed.parquet" -o "$results/t3.parquet" --force
run longitudinal fit-longitudinal "$results/imputed.parquet" -o "$results/longitudinal.parquet" --force
run robustness robustness "$results/imputed.parquet" -o "$results/robustness.parquet" --force
echo "Done: the tables are in $results/*.txt." >&2
