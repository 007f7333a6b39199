"""Real studies imputed by `dnt` and by R: the same wide table, the same analyses, several seeds.

    python -m validation.real_data                           all studies and methods
    python -m validation.real_data --studies btheb --methods blocks,norm --seeds 3

Beat the Blues, bacteria and toenail have their own gaps. Respiratory is complete: its gaps are made, anew for every
seed, so that the answer of the full data is known. Methods of R: mice norm and pmm column by column on the wide table;
2l, mice on long data (2l.pan, 2l.bin); jomo. The last two need the R packages pan, lme4 and jomo; what does not run is
left out, with a line that says so.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from dnt_cli.engines import (
    DesignMatrix,
    fit_linear_sets,
    fit_logistic_sets,
    fit_mixed_linear_sets,
    fit_mixed_logistic_sets,
)
from dnt_cli.imputation import ModelColumn, Settings, impute
from validation.analyses import Answer, answer, combine

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
OWN = {"blocks": {}, "blocks off": {"blocks": "off"}}
METHODS = ("observed", *OWN, "norm", "pmm", "2l", "jomo")


@dataclass(frozen=True, slots=True)
class Study:
    """A study with one outcome at several waves.

    Attributes:
        data: a row per person: `arm`, controls, and the outcome as `y_0`, `y_1`, ...
        times: of the waves, in any unit.
        bounds: of a score; None: a yes/no outcome.
        cut: a yes/no outcome is derived from the score: at most this.
        gaps: makes them, where the data are complete.
    """

    data: pd.DataFrame
    times: tuple[float, ...]
    bounds: tuple[float, float] | None = None
    cut: float | None = None
    gaps: Callable[[pd.DataFrame, int], pd.DataFrame] | None = None
    controls: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = (name for name in self.data if name != "arm" and not str(name).startswith("y_"))
        object.__setattr__(self, "controls", tuple(names))

    @property
    def waves(self) -> list[str]:
        return [f"y_{t}" for t in range(len(self.times))]


def beat_the_blues() -> Study:
    """Depression (0-63) before and at 2, 3, 5 and 8 months in 100 persons, of whom 52 have all."""
    raw = pd.read_csv(EXAMPLES / "btheb" / "btheb.csv")
    data = pd.DataFrame(
        {"arm": raw["treatment"] == "BtheB", "drug": raw["drug"] == "Yes", "long": raw["length"] == ">6m"}
    )
    scores = [raw[f"bdi.{name}"] for name in ("pre", "2m", "3m", "5m", "8m")]
    data = data.assign(**{f"y_{t}": score for t, score in enumerate(scores)}).astype(float)
    return Study(data, (0, 2, 3, 5, 8), bounds=(0, 63), cut=13)


def bacteria() -> Study:
    """Bacteria present at weeks 0, 2, 4, 6 and 11 in 50 children; 220 of 250 visits."""
    raw = pd.read_csv(EXAMPLES / "bacteria" / "bacteria.csv")
    person = raw.groupby("ID", sort=True)
    present = (raw["y"] == "y").astype(float).groupby([raw["ID"], raw["week"]]).first().unstack()
    data = pd.DataFrame({"arm": person["ap"].first() == "a", "complies": person["hilo"].first() == "hi"}).astype(float)
    data = data.assign(**{f"y_{t}": present[week] for t, week in enumerate(present)})
    return Study(data.reset_index(drop=True), (0, 2, 4, 6, 11))


def toenail() -> Study:
    """Moderate or severe infection at seven visits in a year in 294 persons; 1908 of 2058 visits."""
    return Study(pd.read_csv(HERE / "data" / "toenail.csv").astype(float), (0, 1, 2, 3, 6, 9, 12))


def respiratory() -> Study:
    """Good respiratory status at five visits in 111 persons, complete."""
    return Study(pd.read_csv(HERE / "data" / "respiratory.csv").astype(float), (0, 1, 2, 3, 4), gaps=dropout)


def dropout(data: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Persons who leave after a visit, by arm, age and their last answer; and 5 % of single visits lost."""
    rng = np.random.default_rng(seed)
    lean = -1.9 + 0.5 * data["arm"] - 0.3 * (data["age"] - data["age"].mean()) / data["age"].std()
    frame, gone = data.copy(), np.zeros(len(data), dtype=bool)
    for t in range(1, 5):
        odds = np.exp(lean + 0.8 * (data[f"y_{t - 1}"] == 0))
        gone |= rng.random(len(data)) < odds / (1 + odds)
        frame.loc[gone | (rng.random(len(data)) < 0.05), f"y_{t}"] = np.nan
    return frame


STUDIES = {"btheb": beat_the_blues, "bacteria": bacteria, "toenail": toenail, "respiratory": respiratory}


def by_dnt(study: Study, frame: pd.DataFrame, m: int, seed: int, **settings: str) -> tuple[list[pd.DataFrame], float]:
    """Completed data sets and the CPU seconds they took."""
    low, high = study.bounds or (None, None)
    described = [ModelColumn(name, "continuous" if frame[name].nunique() > 2 else "binary") for name in study.controls]
    described.append(ModelColumn("arm", "binary", impute=False))
    for t, name in enumerate(study.waves):
        always = (*(other for other in study.waves if other != name), *study.controls)
        kind = "continuous" if study.bounds else "binary"
        described.append(ModelColumn(name, kind, lower=low, upper=high, always=always, series="y", occasion=t))
    began = time.process_time()
    sets = list(impute(frame, described, group="arm", settings=Settings(m=m, seed=seed, **settings)).completed)
    return sets, time.process_time() - began


def by_r(method: str, frame: pd.DataFrame, m: int, seed: int) -> tuple[list[pd.DataFrame], float]:
    """The same from R, its start and the files not counted."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.csv"), Path(folder, "out.csv")
        frame.to_csv(source, index=False)
        command = ["Rscript", str(HERE / "real_data.R"), str(source), str(target), method, str(m), str(seed + 1)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        long = pd.read_csv(target)
    sets = [data.drop(columns=".imp").reset_index(drop=True) for _, data in long.groupby(".imp")]
    return sets, float(said.split()[-1])


def analysed(study: Study, sets: list[pd.DataFrame]) -> dict[str, Answer]:
    """Effect at the last wave given the first and the controls, and arm x time with a random intercept; pooled."""
    found: list[dict[str, Answer]] = [{} for _ in sets]
    kinds = {"score": (fit_linear_sets, fit_mixed_linear_sets)} if study.bounds else {}
    if study.bounds is None or study.cut is not None:
        kinds["yes/no"] = (fit_logistic_sets, fit_mixed_logistic_sets)
    for kind, (at_end, over_time) in kinds.items():
        shown = sets
        if kind == "yes/no" and study.cut is not None:
            cut = {name: lambda d, name=name: (d[name] <= study.cut).where(d[name].notna()) for name in study.waves}
            shown = [data.assign(**cut).astype(float) for data in sets]
        ends = at_end([endpoint(study, data) for data in shown])
        trends = over_time([trend(study, data) for data in shown])
        for place in range(len(shown)):
            found[place][f"endpoint, {kind}"] = answer(ends[place], "arm")
            found[place][f"trend, {kind}"] = answer(trends[place], "arm:time")
    return combine(found)


def endpoint(study: Study, data: pd.DataFrame) -> DesignMatrix:
    """Arm, baseline and controls at the last wave, on the rows without gaps."""
    X = np.column_stack([np.ones(len(data)), data[["arm", "y_0", *study.controls]]])
    y = data[study.waves[-1]].to_numpy()
    whole = ~(np.isnan(X).any(axis=1) | np.isnan(y))
    return DesignMatrix(y[whole], X[whole], ("(Intercept)", "arm", "baseline", *study.controls), None)


def trend(study: Study, data: pd.DataFrame) -> DesignMatrix:
    """Arm x time over all waves, on the rows without gaps."""
    n, waves = len(data), len(study.times)
    person, time_ = np.repeat(np.arange(n), waves), np.tile(np.asarray(study.times, dtype=float), n)
    X = np.column_stack([np.ones(n), data[["arm", *study.controls]]])[person]
    X = np.column_stack([X, time_, X[:, 1] * time_])
    y = data[study.waves].to_numpy().ravel()
    whole = ~np.isnan(y)
    terms = ("(Intercept)", "arm", *study.controls, "time", "arm:time")
    return DesignMatrix(y[whole], X[whole], terms, person[whole])


def runs(name: str, methods: tuple[str, ...], m: int, seeds: int) -> list[dict[str, object]]:
    """One row per method, seed and estimand."""
    study, rows = STUDIES[name](), []
    for seed in range(seeds):
        frame = study.gaps(study.data, seed) if study.gaps else study.data
        for method in ("full", *methods) if study.gaps else methods:
            if method in ("full", "observed") and seed and not (study.gaps and method == "observed"):
                continue  # always the same
            try:
                if method in ("full", "observed"):
                    sets, spent = [study.data if method == "full" else frame], 0.0
                elif method in OWN:
                    sets, spent = by_dnt(study, frame, m, seed, **OWN[method])
                else:
                    sets, spent = by_r(method, frame, m, seed)
            except subprocess.CalledProcessError as error:
                said = error.stderr.strip().splitlines() or ["R stopped"]
                print(f"{name}, {method}: {said[-1]}", file=sys.stderr)
                continue
            for estimand, (estimate, std_error, df) in analysed(study, sets).items():
                row = {"study": name, "estimand": estimand, "method": method, "seed": seed}
                rows.append(row | {"estimate": estimate, "std_error": std_error, "df": df, "cpu": spent})
    return rows


def summary(rows: pd.DataFrame) -> str:
    """Mean estimate, its Monte Carlo error, mean standard error (in brackets), and CPU seconds, in Markdown."""
    methods = [method for method in ("full", *METHODS) if method in set(rows["method"])]
    lines = [f"| study, effect | {' | '.join(methods)} |", f"|---|{'--:|' * len(methods)}"]
    for (study, estimand), part in rows.groupby(["study", "estimand"], sort=False):
        cells = []
        for method in methods:
            own = part[part["method"] == method]
            error = own["estimate"].std() / np.sqrt(max(len(own), 1))
            spread = f" ± {error:.3f}" if len(own) > 1 else ""
            cells.append(f"{own['estimate'].mean():.3f}{spread} ({own['std_error'].mean():.3f})" if len(own) else "")
        lines.append(f"| {study}, {estimand} | {' | '.join(cells)} |")
    for study, part in rows.groupby("study", sort=False):
        spent = part.groupby("method")["cpu"].mean()
        cells = [f"{spent[k]:.1f}" if spent.get(k) else "" for k in methods]
        lines.append(f"| {study}, CPU s | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", default=",".join(STUDIES))
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--m", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=HERE / "results" / "real_data.csv")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for name in options.studies.split(","):
        rows += runs(name, tuple(options.methods.split(",")), options.m, options.seeds)
        pd.DataFrame(rows).to_csv(options.output, index=False, float_format="%.6g", lineterminator="\n")
    print(summary(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
