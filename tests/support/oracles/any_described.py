"""Surveys on which a description can go wrong, through `dnt describe` and `dnt show`, every figure compared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from dnt_cli.study import parse_study
from tests.support.oracles.any_command import Judge
from tests.support.oracles.any_description import ALL, Oracle, check_rows
from tests.support.oracles.any_description_shown import check_csv, check_shown
from tests.support.oracles.any_input import Case, cases, encoded
from tests.support.oracles.any_study import Column, toml

CONSTANTS = (0.1, 0.3, 0.7, 1.1, 4.35, 1e6 + 0.1)
ROUNDED: tuple[Callable[[float], float], ...] = (
    lambda x: round(4 * x) / 4,
    lambda x: round(20 * x) / 20,
    lambda x: round(x, 1),
    lambda x: round(1e6 + x, 2),
    lambda x: round(x, 1) / 1e6,
)


def varied(truth: pd.DataFrame, raw: dict[str, Any], columns: Mapping[str, Column],
           rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, Any]]:  # fmt: skip
    """The table and its study with equal values, halves, characteristics that change, and rows without an answer."""
    design, study = raw["design"], {**raw, "outcomes": dict(raw["outcomes"])}
    table = truth.copy()
    places = list(zip(table[design["group"]], table[design["wave"]], strict=True))
    for key, column in columns.items():
        if key not in table or column.parent is not None:
            continue
        if column.kind in ("linear", "continuous") and not column.integer and rng.random() < 0.7:
            low, high = column.range or (-math.inf, math.inf)
            pick, values = int(rng.integers(len(ROUNDED) + 4)), table[key]
            if pick < len(ROUNDED):
                values = values.map(ROUNDED[pick], na_action="ignore")
            elif pick < len(ROUNDED) + 3:
                values = values.where(values.isna(), float(rng.choice(CONSTANTS)))
            else:  # each group its own constant, at each wave
                own = {place: float(rng.choice(CONSTANTS)) for place in dict.fromkeys(places)}
                values = values.where(values.isna(), [own[place] for place in places])
            table[key] = values.clip(low, high)
        if column.kind == "ordinal" and rng.random() < 0.5:
            spec = {k: v for k, v in study["outcomes"][key].items() if k != "range"}
            study["outcomes"][key] = spec
            table[key] = table[key].mask(rng.random(len(table)) < 0.7)
        if (column.levels or column.kind == "continuous") and rng.random() < 0.5:
            table[key] = table[key].mask(rng.random(len(table)) < 0.3)
        if "collapse" in study["covariates"].get(key, {}) and rng.random() < 0.5:  # by the name of one of them
            spec = study["covariates"][key]
            study["covariates"] = {
                **study["covariates"],
                key: {**spec, "collapse": {column.levels[0]: column.levels[:2]}},
            }
        if column.levels and rng.random() < 0.3:
            table[key] = table[key].where(rng.random(len(table)) < 0.8, column.levels[0])
    waves = [w["key"] for w in design["waves"]]
    if len(waves) > 2 and rng.random() < 0.4:
        study["design"] = {**design, "endpoint": waves[-2], "follow_up": waves[-1]}
    silent = rng.random(len(table)) < float(rng.choice([0.0, 0.2]))
    asked = [k for k, c in columns.items() if c.waves and k in table]
    table.loc[silent, asked] = np.nan
    if rng.random() < 0.3:
        table = table[rng.random(len(table)) < 0.8].reset_index(drop=True)
    return table, study


def with_further(table: pd.DataFrame, raw: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Columns that the study does not name: reasons, visits at some waves, and what belongs to the person."""
    size, design = len(table), raw["design"]
    person = pd.factorize(table[design["id"]])[0]
    late = table[design["wave"]] == design["endpoint"]
    reason = pd.Series(rng.choice(["moved", "ill", "no time, no wish", "[other]"], size), index=table.index)
    return table.assign(
        more_reason=reason.where(late & (rng.random(size) < 0.7)),
        more_visits=pd.Series(rng.integers(0, 9, size) / 2, index=table.index).where(rng.random(size) < 0.8),
        more_own=pd.Series([f"place {i % 3}" for i in person], index=table.index).where(rng.random(size) < 0.8),
        more_years=pd.Series([1.25 * (i % 7) for i in person], index=table.index).where(rng.random(size) < 0.8),
    )


@st.composite
def described(draw: st.DrawFn) -> tuple[Case, pd.DataFrame | None]:
    """A survey with further columns, and most often figures of other populations."""
    case = draw(cases(damaged=False))
    assert case.truth is not None
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    truth, raw = varied(case.truth, case.raw, case.columns, rng)
    truth = with_further(truth, raw, rng)
    form = draw(st.sampled_from(["csv", "parquet", "semicolon"]))
    years = truth["more_years"]
    if form == "parquet":
        years = pd.Series([None if pd.isna(v) else Decimal(repr(v)) for v in years], index=truth.index, dtype="object")
    name, content = encoded(truth.assign(more_years=years), form) or ("", b"")
    case = replace(case, raw=raw, text=toml(raw), frame=truth, truth=truth, file=name, content=content)
    if ALL in (raw["design"]["intervention"], raw["design"]["comparison"]):  # refused
        return case, None
    known = [k for k in Oracle(truth, raw, case.columns).rows if k[0] == "baseline" and k[3] == ALL]
    known = [k for k in known if k[5] in ("pct", "mean") and rng.random() < 0.5]
    if not known:
        return case, None
    rows = [(k[1], k[2], name, k[5], round(float(rng.random()) * 100, 2)) for k in known for name in ("NL", "absent")]
    return case, pd.DataFrame(rows, columns=["variable", "level", "population", "statistic", "value"])


def check_description(case: Case, path: Path, shown: str, plan: Mapping[str, Any]) -> int:
    """Every figure of a description and of its tables is the oracle's; how many figures were compared."""
    assert case.truth is not None
    frame, oracle = pd.read_parquet(path), Oracle(case.truth, case.raw, case.columns)
    compared = check_rows(frame, oracle.rows)
    _, text = check_shown(frame, oracle, parse_study(case.text), plan["lang"])
    if plan["format"] == "table":
        assert shown == text
    elif plan["format"] == "csv":
        check_csv(shown, frame)
    return compared


FURTHER = ("more_reason", "more_visits", "more_own", "more_years")


def drive_description(case: Case, reference: pd.DataFrame | None, folder: Path, plan: Mapping[str, Any],
                      counts: Counter[tuple[str, int]]) -> Counter[str]:  # fmt: skip
    """All options of `dnt describe`: every figure in the file, in CSV and in the tables."""
    judge, words = Judge(folder, case, counts), ["describe", case.file, "--study", "study.toml", "-o", "d.parquet"]
    words += ["--also", "more_*", "--lang", plan["lang"]]
    if reference is not None:
        reference.to_csv(folder / "reference.csv", index=False)
        words += ["--reference", "reference.csv"]
    run = judge.run(*words, "--format", "table")
    if run.code != 0:
        assert "reference" not in run.stderr, run.stderr
        return Counter({"refused": 1})
    study, frame = parse_study(case.text), pd.read_parquet(folder / "d.parquet")
    oracle = Oracle(case.truth, case.raw, case.columns, further=FURTHER, reference=reference)
    done = Counter({"described figures": check_rows(frame, oracle.rows)})
    cells, text = check_shown(frame, oracle, study, plan["lang"], reference)
    done["described cells"] = cells
    assert run.text == text
    assert judge.run("show", "d.parquet", "--lang", plan["lang"]).text == text
    check_csv(judge.run("show", "d.parquet", "--format", "csv", "--raw").text, frame)
    return done
