#!/bin/sh
# The whole analysis of a study, from answers and register records to the report. Steps whose input and settings
# have not changed are not run again; it stops at the first step that fails. A step without a usable answer is no failure:
# the others are run, and the end is 1, as that step's was.
# usage: sh scripts/rerun.sh SURVEY STUDY RESULTS [RECORDS LINK]
#   SURVEY   answers, a row per person and wave (CSV, Parquet, SPSS), or a stage file; `example` for the example data
#   STUDY    study file, or the name of a built-in study
#   RESULTS  folder for everything that is made
#   RECORDS  file or folder with SPOLISBUS records; LINK the file that says who is who in them
# Variables: DNT the program (default: dnt), M the number of imputations (default: the study's), REGISTER a file with
# register outcomes that is already there.
set -eu
if [ "$#" -ne 3 ] && [ "$#" -ne 5 ]; then
    sed -n '5,11s/^# //p' "$0" >&2
    exit 2
fi
survey=$1 study=$2 results=$3 records=${4:-} link=${5:-} register=${REGISTER:-}
dnt=${DNT:-dnt}
study_file=$study
[ -f "$study_file" ] || study_file=$(dirname "$0")/../src/dnt_cli/studies/$study.toml
mkdir -p "$results/.steps"
without=""  # steps that gave no usable answer, in this run or when they were last run

# run NAME FILE INPUT... -- COMMAND...: make FILE and the table NAME.txt, unless FILE is newer than every input and was
# made by the same command.
run() {
    name=$1 target=$2
    marker=$results/.steps/$name
    due=no
    [ -e "$target" ] && [ -f "$marker" ] || due=yes
    shift 2
    while [ "$1" != -- ]; do
        if [ "$1" -nt "$target" ]; then due=yes; fi
        shift
    done
    shift
    if [ "$due" = no ] && [ "$(cat "$marker")" = "$*" ]; then
        if [ -e "$marker.unusable" ]; then without="$without $name"; fi
        return 0
    fi
    rm -f "$marker" "$marker.unusable"
    echo "dnt $1 ..." >&2
    code=0
    "$dnt" "$@" >"$results/$name.txt" || code=$?
    if [ "$code" = 1 ]; then
        echo "dnt $1: done, but without a usable answer; $results/$name.txt says why." >&2
        without="$without $name"
        : >"$marker.unusable"
    elif [ "$code" != 0 ]; then
        echo "dnt $1 ended with $code; the message above says why." >&2
        exit "$code"
    fi
    printf '%s\n' "$*" >"$marker"
}

answers=$results/survey.parquet imputed=$results/imputed.parquet
t3=$results/t3.parquet longitudinal=$results/longitudinal.parquet
if [ "$survey" = example ]; then
    run survey "$answers" "$study_file" -- example -o "$answers" --force -q
    records=$results/records link=$results/records/link.csv
    run records "$link" "$study_file" -- polis --example "$records" --force -q
    set -- --set synthetic=true
else
    run check "$results/check.txt" "$survey" "$study_file" -- study check "$study" "$survey"
    run survey "$answers" "$survey" "$study_file" -- convert "$survey" --study "$study" -o "$answers" --force -q
    set --
fi
if [ -n "$records" ]; then
    register=$results/register.parquet
    run register "$register" "$records" "$link" "$study_file" -- \
        polis "$records" --link "$link" --study "$study" "$@" -o "$register" --force -q
fi
set --
if [ -n "$register" ]; then set -- --register "$register"; fi
if [ -n "${M:-}" ]; then set -- "$@" -m "$M"; fi
run describe "$results/description.parquet" "$answers" -- \
    describe "$answers" -o "$results/description.parquet" --figures "$results/figures" --force -q
run impute "$imputed" "$answers" ${register:+"$register"} -- impute "$answers" "$@" -o "$imputed" --force -q
run t3 "$t3" "$imputed" -- fit-t3 "$imputed" -o "$t3" --force -q
run longitudinal "$longitudinal" "$imputed" -- fit-longitudinal "$imputed" -o "$longitudinal" --force -q
run robustness "$results/robustness.parquet" "$imputed" -- \
    robustness "$imputed" -o "$results/robustness.parquet" --force -q
run imputed "$results/imputed.svg" "$imputed" -- show "$imputed" --figure "$results/imputed.svg" --force -q
run effects "$results/effects.svg" "$t3" "$longitudinal" -- \
    show "$t3" "$longitudinal" --figure "$results/effects.svg" --force -q
set -- "$t3" "$longitudinal" "$results/robustness.parquet" "$results/description.parquet" \
    ${register:+"$register"} "$imputed"
run report "$results/report.docx" "$@" -- report "$@" -o "$results/report.docx" --force -q
run page "$results/report.html" "$@" -- report "$@" -o "$results/report.html" --force -q
echo "Done: the report is $results/report.docx and, for a browser, $results/report.html." >&2
echo "The tables are in $results/*.txt, the figures in $results/*.svg and $results/figures." >&2
for name in $without; do
    echo "No usable answer: $results/$name.txt says why." >&2
done
[ -z "$without" ]
