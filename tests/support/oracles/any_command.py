"""Type commands in this process, and judge what comes of them: a right answer, or a message that says what is wrong."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from dnt_cli.__main__ import main
from dnt_cli.stagefile.container import read_stage
from dnt_cli.stagefile.kinds import KINDS
from dnt_cli.study import Study, parse_study
from tests.support import process
from tests.support.oracles.any_input import NUMBERS, Case

CODES = {0, 1, 2, 10, 11, 12, 13}
# What a cell shows when a number is none, as a whole word.
_NO_NUMBER = re.compile(r"(?<![\w.<\"'-])[-+]?(nan|NaN|inf|Infinity|None|NaT|<NA>)(?![\w\"'>])")
DIGITS = {"xlsx": 1e-15}  # openpyxl writes 16 digits
_NUMBERS_OF_ROW = ("estimate", "std_error", "p_value", "conf_low", "conf_high", "odds_ratio", "beta", "marginal_effect")


class Run(process.Run):
    """A command that ended in this process; what it wrote may be no text."""

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", errors="replace")


class _Stream(io.TextIOWrapper):
    """A standard stream that remembers."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")

    def content(self) -> bytes:
        self.flush()
        return self.buffer.getvalue()  # type: ignore[attr-defined]


@contextlib.contextmanager
def _as_a_process(folder: Path, words: tuple[str, ...]) -> Iterator[tuple[_Stream, _Stream]]:
    """Folder, arguments, streams, signals and warnings as in a process of its own, and back."""
    kept = (Path.cwd(), sys.argv, sys.stdout, sys.stderr, sys.stdin, dict(os.environ))
    signals = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    out, err = _Stream(), _Stream()
    try:
        os.chdir(folder)
        os.environ.update(DNT_LANG="en")
        sys.argv, sys.stdout, sys.stderr, sys.stdin = ["dnt", *words], out, err, io.TextIOWrapper(io.BytesIO())
        with warnings.catch_warnings():
            yield out, err
    finally:
        os.chdir(kept[0])
        sys.argv, sys.stdout, sys.stderr, sys.stdin = kept[1:5]
        os.environ.clear()
        os.environ.update(kept[5])
        for number, handler in signals.items():
            signal.signal(number, handler)


def typed(folder: Path, *words: str) -> Run:
    """`dnt` with these words, as the console script runs it."""
    with _as_a_process(folder, words) as (out, err):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except Exception:  # noqa: BLE001  # told as Python itself would
            err.write(traceback.format_exc())
            code = 70
        return Run(words, code, out.content(), err.content().decode("utf-8"))


def listing(folder: Path) -> dict[str, bytes]:
    """Every file with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@dataclass
class Judge:
    """One example's folder and commands; every run is judged, and counted by command and exit code."""

    folder: Path
    case: Case
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    text: str = ""  # of the study, if it is not the case's

    def run(self, *words: str, may: Mapping[int, str] | None = None) -> Run:
        """Run a command, judge its ending."""
        before = listing(self.folder)
        run = typed(self.folder, *words)
        self.counts[" ".join(words[:2]) if words[0] == "study" else words[0], run.code] += 1
        where = f"dnt {' '.join(words)} ended with {run.code}\n{run.stderr}\n{run.text[:2000]}"
        assert run.code in CODES, where
        assert "mistake in dnt" not in run.stderr, where
        assert "fout in dnt" not in run.stderr, where
        assert "Traceback" not in run.stderr, where
        for canary in self.case.canaries:
            assert canary not in run.stderr, (canary, where)
        if run.code >= 2:
            assert listing(self.folder) == before, f"a file was left or changed: {where}"
            assert not run.stdout or words[:2] == ("study", "check") or words[0] == "show", where
            if run.code != 2:
                errors = [line for line in run.stderr.splitlines() if line.startswith(("Error: ", "Fout: "))]
                assert len(errors) == 1, where
                assert len(errors[0]) < 1000, where
        elif not self._odd_words():
            shown = run.text
            if "json" in words:
                json.loads(shown, parse_constant=_no_constant)
            elif "csv" not in words and words[0] not in ("info", "study"):
                # The peculiarities of answers can be none, and that is said.
                found = _NO_NUMBER.search(shown.replace("None", "") if words[0] == "score" else shown)
                assert found is None, f"{found} in {where}"
        return run

    def _odd_words(self) -> bool:
        """The study's own names look like a missing number."""
        return _NO_NUMBER.search((self.text or self.case.text).replace('"', " ").replace("'", " ")) is not None


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} in JSON")


def study_of(case: Case) -> Study:
    return parse_study(case.text)


def check_survey(case: Case, path: Path) -> None:
    """The survey means what the table meant: every person, wave, level and number."""
    assert case.truth is not None
    raw, found, truth = case.raw["design"], pd.read_parquet(path), case.truth
    keys = [raw["id"], raw["wave"]]
    assert len(found) == len(truth), "rows"
    texts = [*keys, raw["group"], *([raw["site"]] if "site" in raw else [])]
    left = found.assign(**{k: found[k].astype(object) for k in texts}).set_index(keys).sort_index()
    right = truth.assign(**{k: truth[k].astype(object) for k in texts}).set_index(keys).sort_index()
    assert set(left.index) == set(right.index), f"persons: {set(left.index) ^ set(right.index)}"
    right = right.loc[left.index]
    for name in texts[2:]:
        assert list(left[name]) == list(right[name]), name
    for name, column in case.columns.items():
        if column.levels:
            assert list(left[name].astype(object)) == list(right[name]), name
        else:
            values = left[name].to_numpy(float, na_value=np.nan), right[name].to_numpy(float)
            digits = DIGITS.get(case.file.rpartition(".")[2], 0.0)
            np.testing.assert_allclose(*values, rtol=digits, atol=0, err_msg=name)


def check_imputed(case: Case, path: Path) -> None:
    """Observed cells as they were, gaps filled with what can be."""
    study, table = study_of(case), pd.read_parquet(path)
    zero = table[table[".imp"] == 0].reset_index(drop=True)
    derived = {c for c, (k, _) in study.columns.items() if study.outcomes[k].derive is not None}
    for number in range(1, int(table[".imp"].max()) + 1):
        filled = table[table[".imp"] == number].reset_index(drop=True)
        for name in zero.columns:
            if name == ".imp" or (study.design.site == name):
                continue
            before, after = zero[name], filled[name]
            seen = before.notna()
            assert list(before[seen].astype(object)) == list(after[seen].astype(object)), f"{name}: observed, {number}"
            assert after.notna().all(), f"{name}: gaps in {number}"
            key = study.columns.get(name, (name, ""))[0]
            column = case.columns.get(key)
            if column is None or name in derived or column.kind not in NUMBERS:
                continue
            values = after.to_numpy(float)
            assert np.isfinite(values).all(), name
            if column.kind == "binary":
                assert set(values) <= {0.0, 1.0}, name
            if column.range is not None:
                assert values.min() >= column.range[0], name
                assert values.max() <= column.range[1], name
            if column.kind == "ordinal" or column.integer:
                assert (values == values.round()).all(), name
            if column.parent is not None:
                parent = filled[study.column(column.parent, study.columns[name][1])].to_numpy(float)
                assert not ((parent == 0) & (values > 0) & ~seen.to_numpy()).any(), name


def check_estimates(path: Path) -> pd.DataFrame:
    """Finite and consistent numbers, or none and a reason."""
    rows = pd.read_parquet(path)
    for row in rows.to_dict("records"):
        where = {k: row[k] for k in ("analysis", "model", "outcome", "term", "status", "message", *_NUMBERS_OF_ROW)}
        if row["status"] == "not estimable":
            assert all(pd.isna(row[k]) for k in _NUMBERS_OF_ROW), where
            assert row["message"], where
        elif row["term"] in ("group", "group:wave"):
            assert all(np.isfinite(row[k]) for k in _NUMBERS_OF_ROW[:5]), where
            assert row["std_error"] > 0, where
            assert 0 <= row["p_value"] <= 1, where
            assert row["conf_low"] <= row["estimate"] <= row["conf_high"], where
            if row["kind"] == "binary":
                assert np.isclose(row["odds_ratio"], np.exp(row["estimate"]), rtol=1e-12), where
                for name in ("odds_ratio_se", "odds_ratio_low", "odds_ratio_high"):
                    assert np.isfinite(row[name]), (name, row[name], where)
            elif row["model"] == "main":
                assert np.isfinite(row["beta"]), where
                assert row["beta_se"] > 0, (row["beta_se"], where)
    return rows


def check_endpoint(case: Case, imputed: Path, estimates: Path) -> int:
    """Every endpoint effect is the mean over the data sets of what another program gives; how many were compared."""
    study, table, rows = study_of(case), pd.read_parquet(imputed), pd.read_parquet(estimates)
    sets = [table[table[".imp"] == i] for i in range(1, int(table[".imp"].max()) + 1)]
    compared = 0
    for row in rows[(rows["term"] == "group") & (rows["status"] == "ok")].to_dict("records"):
        key = row["outcome"]
        own = []
        for data in sets:
            y = data[study.column(key, study.endpoint(key))].to_numpy(float)
            parts = [(data[study.design.group].astype(str) == study.design.intervention).to_numpy(float)]
            if study.adjusts_for_baseline(key):
                parts.append(data[study.column(key, study.design.baseline)].to_numpy(float))
            for control in study.models.controls:
                covariate = study.covariates[control]
                if covariate.kind == "continuous":
                    parts.append(data[control].to_numpy(float))
                else:
                    levels = data[control].astype(str).map(covariate.model_level)
                    parts += [(levels == name).to_numpy(float) for name in covariate.model_levels[1:]]
            parts = parts[:1] + [p for p in parts[1:] if np.ptp(p) > 0]
            own.append(_fit(y, np.column_stack(parts), row["kind"]))
        expected = float(np.mean([effect for effect, _ in own]))
        slack = 1e-6 if row["kind"] == "binary" else 1e-8
        where = (key, row["estimate"], expected)
        assert abs(row["estimate"] - expected) <= slack * (abs(expected) + row["std_error"]), where
        within = float(np.mean([error**2 for _, error in own]))
        between = float(np.var([effect for effect, _ in own], ddof=1))
        total = float(np.sqrt(within + (1 + 1 / len(own)) * between))
        assert np.isclose(row["std_error"], total, rtol=1e-5), (key, row["std_error"], total)
        compared += 1
    return compared


def _fit(y: np.ndarray, x: np.ndarray, kind: str) -> tuple[float, float]:
    """The first column's coefficient and standard error; columns are centred and scaled, which changes neither."""
    spread = x.std(axis=0)
    scaled = np.column_stack([np.ones(len(y)), (x - x.mean(axis=0)) / spread])
    if kind == "binary":
        from statsmodels.discrete.discrete_model import Logit

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = Logit(y, scaled).fit(disp=0, method="newton", maxiter=200, tol=1e-12)
        return float(fit.params[1] / spread[0]), float(fit.bse[1] / spread[0])
    unit = float(np.abs(y).max()) or 1.0
    beta = np.linalg.lstsq(scaled, y / unit, rcond=None)[0]
    rest = y / unit - scaled @ beta
    inverse = np.linalg.inv(np.linalg.qr(scaled, mode="r"))
    error = np.sqrt(rest @ rest / (len(y) - x.shape[1] - 1) * (inverse[1] @ inverse[1]))
    return float(beta[1] / spread[0] * unit), float(error / spread[0] * unit)


def check_trend(case: Case, imputed: Path, estimates: Path) -> int:
    """Every trend of a score is what the persons' slopes give, with REML's error; how many were compared.

    In completed data all persons have all waves, so the trend of the effect and its error lie within persons, and no
    optimiser has a say in them, as long as persons differ more than chance would have it.
    """
    study, table, rows = study_of(case), pd.read_parquet(imputed), pd.read_parquet(estimates)
    sets = [table[table[".imp"] == i] for i in range(1, int(table[".imp"].max()) + 1)]
    wanted = (rows["term"] == "group:wave") & (rows["status"] == "ok") & (rows["kind"] == "linear")
    order = [wave.key for wave in study.design.waves]
    compared = 0
    for row in rows[wanted].to_dict("records"):
        key = row["outcome"]
        waves = study.outcomes[key].waves
        times = np.array([order.index(wave) for wave in waves], dtype=float)
        times -= times.mean()
        own = []
        for data in sets:
            y = data[[study.column(key, wave) for wave in waves]].to_numpy(float)
            arm = (data[study.design.group].astype(str) == study.design.intervention).to_numpy()
            slopes = y @ times / (times @ times)
            means = np.where(arm, slopes[arm].mean(), slopes[~arm].mean())
            rest = y - y.mean(axis=1, keepdims=True) - np.outer(means, times)
            variance = (rest**2).sum() / (len(y) * (len(waves) - 1) - 2)
            error = np.sqrt(variance / (times @ times) * (1 / arm.sum() + 1 / (~arm).sum()))
            own.append((slopes[arm].mean() - slopes[~arm].mean(), error))
        effects, errors = np.array(own).T
        total = np.sqrt(np.mean(errors**2) + (1 + 1 / len(own)) * np.var(effects, ddof=1))
        where = (key, row["estimate"], effects.mean(), row["std_error"], total)
        assert abs(row["estimate"] - effects.mean()) <= 1e-6 * (abs(effects.mean()) + total), where
        assert np.isclose(row["std_error"], total, rtol=1e-4), where
        compared += 1
    return compared


def check_description_numbers(path: Path) -> None:
    """No infinite figure anywhere."""
    rows = pd.read_parquet(path)
    # Two constants that differ are infinitely many standard deviations apart.
    odd = np.isinf(rows["value"].to_numpy(float)) & ~rows["statistic"].isin(["smd", "smd_max"])
    assert not odd.any(), rows[odd].to_string()


def same_tables(first: Path, second: Path, digits: float = 0.0) -> None:
    """Two stage files hold the same rows, but for a difference in the last digits where a format drops them.

    What is derived is a difference of two of the row's numbers, whose digits are those of the larger one.
    """
    stage = read_stage(first.read_bytes(), first.name, list(KINDS), "test")
    one, other, outcomes = stage.frame, pq.read_table(second).to_pandas(), stage.study.outcomes
    assert list(one.columns) == list(other.columns)
    derived = {key for key, outcome in outcomes.items() if outcome.derive is not None}
    derived |= {column for column, (key, _) in stage.study.columns.items() if key in derived}
    largest = one.select_dtypes("number").abs().max(axis=1).fillna(0).to_numpy(float)
    for name in one.columns:
        left, right = one[name], other[name]
        if pd.api.types.is_float_dtype(left) or pd.api.types.is_integer_dtype(left):
            values = [v.to_numpy(float, na_value=np.nan) for v in (left, right)]
            slack = 2 * digits * largest if name in derived else np.zeros(len(one))
            both = np.isnan(values[0]) & np.isnan(values[1])
            near = np.abs(values[0] - values[1]) <= digits * np.abs(values[1]) + slack
            assert (both | near).all(), (name, values[0][~(both | near)], values[1][~(both | near)])
        else:
            assert [_as_line(v) for v in left] == [_as_line(v) for v in right], name


def _as_line(value: Any) -> Any:
    """Excel's files hold no carriage return."""
    return None if pd.isna(value) else value.replace("\r", "") if isinstance(value, str) else value
