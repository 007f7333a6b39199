"""Beat the Blues and the example imputed, as R's mice writes it, with the columns that the comparison needs.

Usage: python make_data.py BTHEB_SURVEY.csv EXAMPLE.parquet   (of examples/btheb/convert.py and of `dnt example`)

The sites of Beat the Blues are made up: the trial's own are not in the data.
"""

import sys
from pathlib import Path

import pandas as pd

from dnt_cli.imputed.data import imputation_tables, impute_wide, settings_of
from dnt_cli.study import Study, parse_study
from dnt_cli.survey import cast_survey
from dnt_cli.wide import to_wide

HERE = Path(__file__).parent
BTHEB = HERE.parents[2] / "examples" / "btheb" / "study.toml"
M = 4


def btheb_study() -> Study:
    text = BTHEB.read_text(encoding="utf-8")
    return parse_study(text.replace('group = "treatment"', 'group = "treatment"\nsite = "site"'))


def example_study() -> Study:
    return parse_study((HERE / "example.toml").read_text(encoding="utf-8"))


def write(frame: pd.DataFrame, study: Study, name: str) -> None:
    survey, _ = cast_survey(frame, study)
    wide = to_wide(survey, study)
    _, completed = impute_wide(wide, study, settings_of(study, m=M))
    table = pd.concat([t.to_pandas() for t in imputation_tables(wide, completed, study)])
    table.to_csv(HERE / name, index=False, lineterminator="\n", float_format="%.10g")


if __name__ == "__main__":
    btheb = pd.read_csv(sys.argv[1], dtype={"id": str})
    btheb["site"] = ["s" + str(int(i) * int(i) % 11) for i in btheb["id"]]
    write(btheb, btheb_study(), "btheb.csv")
    example = pd.read_parquet(sys.argv[2])
    study = example_study()
    keep = ["id", "wave", "group", "site", *study.covariates, *study.measured]
    write(example[[c for c in keep if c in example.columns]], study, "example.csv")
