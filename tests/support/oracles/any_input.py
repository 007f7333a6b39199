"""Tables for study files as they might come, good and bad, from Hypothesis.

A `Case` is a study file, a table for it, and, as long as nothing was damaged, what the table means. Structure is drawn
by Hypothesis; the many values of a table come from one drawn seed, so that an example is quick to make and to shrink.
"""

from __future__ import annotations

import datetime
import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from tests.support.oracles.any_study import Column, studies, toml

WORD, NUMBER = "CANARYWORD", 31337.125  # what no message may hold


@dataclass
class Case:
    """A study file, a table, and what the table means as long as it is whole."""

    raw: dict[str, Any]
    text: str
    columns: dict[str, Column]
    frame: pd.DataFrame
    truth: pd.DataFrame | None  # texts for ids, waves, groups and levels; floats for numbers
    file: str = "survey.csv"
    content: bytes = b""
    damage: tuple[str, ...] = ()
    canaries: tuple[str, ...] = field(default=(WORD, "31337.125", "31337,125", "CANARY"))

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Hypothesis prints a failing example so."""
        printer.text(self.shown())

    def shown(self) -> str:
        """What a person needs to repeat it."""
        head = self.frame.head(6).to_string()
        return (
            f"Case(file={self.file!r}, damage={self.damage},\n"
            f"rows={len(self.frame)}, dtypes={[str(t) for t in self.frame.dtypes]}\n{self.text}\n{head})"
        )


# --- tables ----------------------------------------------------------------------------------------------------------

IDS: dict[str, Callable[[int], Any]] = {
    "words": lambda i: f"CANARY-{i}",
    "whole numbers": lambda i: i,
    "negative": lambda i: -i - 1,
    "halves": lambda i: i + 0.5,
    "floats": float,
    "zeros before": lambda i: ("0" * (i % 3)) + str(7 + i // 3),
    "huge texts": lambda i: str(2**70 + i),
    "beyond 2^53": lambda i: 2**53 + i,
    "beyond 2^63": lambda i: 2**63 + i,
    "near 2^64": lambda i: 2**64 - 1 - i,
    "with exponents": lambda i: f"{1 + i // 2}E{2 + i % 2}" if i else "1000",
    "spaces inside": lambda i: f"a  b {i}",
    "marks": lambda i: f"a,\"b\";'{i}\t|",
    "line ends": lambda i: f"CANARY\n{i}\r\nx",
    "unicode": lambda i: f"ÿ名{i}\U0001f600",
    "words for missing": lambda i: ("nan", "NA", "None", "inf", "null", "NaN", "<NA>", "True", "False")[i]
    if i < 9 else f"CANARY{i}",
    "bool and case": lambda i: ("a" if i % 2 else "A") + str(i // 2),
    "formulas": lambda i: f"=A{i}",
}  # fmt: skip
PROFILES = (
    "plain",
    "plain",
    "plain",
    "plain",
    "constant",
    "equal to group",
    "one event",
    "huge",
    "tiny",
    "same person",
)


def _truth(case_seed: int, raw: dict[str, Any], columns: dict[str, Column], ids: str, persons: int, gaps: float,
           profiles: Sequence[str]) -> pd.DataFrame:  # fmt: skip
    rng = np.random.default_rng(case_seed)
    design = raw["design"]
    waves = [w["key"] for w in design["waves"]]
    treated = rng.permutation(np.arange(persons) % 2 == 0)
    own = {}
    for key, column in columns.items():
        if column.levels:
            own[key] = rng.choice(np.array(column.levels, dtype=object), persons)
        elif column.kind == "continuous":
            own[key] = np.round(rng.normal(50, 10, persons).clip(0, 100), 3)
    rows = []
    level = rng.normal(size=persons)
    for i in range(persons):
        for t, wave in enumerate(waves):
            if t and rng.random() < gaps:
                continue
            row: dict[str, Any] = {design["id"]: IDS[ids](i), design["wave"]: wave}
            row[design["group"]] = design["intervention"] if treated[i] else design["comparison"]
            if "site" in design:
                row[design["site"]] = f"0{i % 3}"
            row |= {key: values[i] for key, values in own.items()}
            for (key, column), profile in zip(columns.items(), profiles, strict=True):
                if column.waves:
                    value = _answer(rng, column, profile, float(treated[i]), level[i], i)
                    asked = wave in column.waves and rng.random() >= gaps / 3
                    row[key] = value if asked else np.nan
            for key, column in columns.items():
                if column.parent and row.get(column.parent) == 0 and row.get(key, 0) > 0:
                    row[key] = np.nan if column.range and column.range[0] > 0 else 0.0
            rows.append(row)
    return pd.DataFrame(rows)


def _answer(rng: np.random.Generator, column: Column, profile: str, group: float, level: float, person: int) -> float:
    if column.kind == "binary":
        plain = float(rng.random() < 1 / (1 + np.exp(-level)))
        return {"constant": 1.0, "equal to group": group, "one event": float(person == 1),
                "same person": float(level > 0)}.get(profile, plain)  # fmt: skip
    low, high = column.range or (-np.inf, np.inf)
    if column.kind == "ordinal":
        return float(rng.integers(0, 4)) if profile != "constant" else 2.0
    plain = 3 + level + rng.normal()
    scale = {"huge": 1e300, "tiny": 1e-300}.get(profile, 1.0)
    value = {"constant": 1.0, "equal to group": group, "same person": 3 + level}.get(profile, plain) * scale
    value = float(np.clip(value, low, high))
    return float(np.round(value)) if column.integer else value


Change = Callable[[pd.DataFrame, dict[str, Any], dict[str, Column], np.random.Generator], pd.DataFrame]


def _set(frame: pd.DataFrame, column: str, values: Any) -> pd.DataFrame:
    out = frame.copy()
    out[column] = values
    return out


def _some_cell(value: Any, kinds: tuple[str, ...]) -> Change:
    def change(f: pd.DataFrame, raw: dict[str, Any], cols: dict[str, Column], rng: np.random.Generator) -> pd.DataFrame:
        names = [k for k, c in cols.items() if c.kind in kinds and k in f] or [raw["design"]["group"]]
        if not len(f):
            return f
        cells = f[names[0]].astype(object).tolist()
        cells[int(rng.integers(len(f)))] = value
        return _set(f, names[0], pd.Series(cells, index=f.index, dtype=object))

    return change


def _design_cell(name: str, value: Any) -> Change:
    def change(f: pd.DataFrame, raw: dict[str, Any], cols: dict[str, Column], rng: np.random.Generator) -> pd.DataFrame:
        column = raw["design"][name]
        cells = f[column].astype(object).tolist()
        if cells:
            cells[int(rng.integers(len(f)))] = value
        return _set(f, column, pd.Series(cells, index=f.index, dtype=object))

    return change


def _whole(name: str, values: Callable[[pd.Series], Any]) -> Change:
    """The first outcome, or a column of the design, changed as a whole."""

    def change(f: pd.DataFrame, raw: dict[str, Any], cols: dict[str, Column], rng: np.random.Generator) -> pd.DataFrame:
        column = raw["design"].get(name) or next(iter(cols))
        return _set(f, column, values(f[column])) if column in f else f

    return change


NUMBERS = ("binary", "linear", "ordinal", "continuous")
DAMAGES: dict[str, Change] = {
    "text for a number": _some_cell(WORD, NUMBERS),
    "number out of range": _some_cell(NUMBER, ("binary", "ordinal", "continuous")),
    "infinite": _some_cell(np.inf, NUMBERS),
    "minus infinite": _some_cell(-np.inf, NUMBERS),
    "infinite as text": _some_cell("-inf", NUMBERS),
    "nan as text": _some_cell("nan", NUMBERS),
    "date": _some_cell(datetime.datetime(2020, 1, 1), NUMBERS),
    "bytes": _some_cell(b"1", NUMBERS),
    "list": _some_cell([1, 2], NUMBERS),
    "decimal": _some_cell(Decimal("1.0"), NUMBERS),
    "decimal nan": _some_cell(Decimal("NaN"), NUMBERS),
    "complex": _some_cell("1+2j", NUMBERS),
    "huge whole": _some_cell(2**70, NUMBERS),
    "digits of another script": _some_cell("١", NUMBERS),
    "underscore": _some_cell("1_0", NUMBERS),
    "hexadecimal": _some_cell("0x1", NUMBERS),
    "comma number": _some_cell("1,0", NUMBERS),
    "thousands": _some_cell("1.000,5", NUMBERS),
    "true": _some_cell(True, NUMBERS),
    "huge answer": _some_cell(1e300, ("linear", "continuous")),
    "tiny answer": _some_cell(1e-300, ("linear", "continuous")),
    "largest answer": _some_cell(1.7976931348623157e308, ("linear", "continuous")),
    "denormal answer": _some_cell(5e-324, ("linear", "continuous")),
    "unknown level": _some_cell(WORD, ("categorical", "ordered")),
    "level as float": _some_cell(1.0, ("categorical", "ordered")),
    "nul": _some_cell("a\0b", (*NUMBERS, "categorical")),
    "unknown group": _design_cell("group", WORD),
    "group in capitals": _whole("group", lambda v: v.map(lambda x: x.upper() if isinstance(x, str) else x)),
    "unknown wave": _design_cell("wave", WORD),
    "wave as number": _design_cell("wave", 1.0),
    "no id": _design_cell("id", None),
    "id of spaces": _design_cell("id", "  "),
    "id infinite": _design_cell("id", np.inf),
    "id is a list": _design_cell("id", ["CANARY"]),
    "another group": _design_cell("group", None),
    "all missing": _whole("none", lambda v: pd.Series(np.nan, index=v.index)),
    "all None": _whole("none", lambda v: pd.Series([None] * len(v), index=v.index, dtype=object)),
    "one group": _whole("group", lambda v: v.iloc[0] if len(v) else v),
    "one wave": _whole("wave", lambda v: v.iloc[0] if len(v) else v),
    "one id": _whole("id", lambda v: "CANARY-1"),
    "dates for numbers": _whole("none", lambda v: pd.Timestamp("2020-01-01")),
    "durations": _whole("none", lambda v: pd.Timedelta(days=1)),
    "constant": _whole("none", lambda v: 1.0),
    "no rows": lambda f, raw, cols, rng: f.iloc[:0],
    "one row": lambda f, raw, cols, rng: f.iloc[:1],
    "one person": lambda f, raw, cols, rng: f[f[raw["design"]["id"]] == f[raw["design"]["id"]].iloc[0]],
    "few rows": lambda f, raw, cols, rng: f.sample(min(len(f), 5), random_state=1),
    "rows twice": lambda f, raw, cols, rng: pd.concat([f, f.iloc[:2]]),
    "no baseline": lambda f, raw, cols, rng: f[f[raw["design"]["wave"]] != raw["design"]["baseline"]],
    "no endpoint": lambda f, raw, cols, rng: f[f[raw["design"]["wave"]] != raw["design"]["endpoint"]],
    "no middle": lambda f, raw, cols, rng: f[f[raw["design"]["wave"]] != raw["design"]["waves"][1]["key"]],
    "endpoint only": lambda f, raw, cols, rng: f[f[raw["design"]["wave"]] == raw["design"]["endpoint"]],
    "column missing": lambda f, raw, cols, rng: f.drop(columns=[str(rng.choice(f.columns))]),
    "column twice": lambda f, raw, cols, rng: pd.concat([f, f.iloc[:, [-1]]], axis=1),
    "further columns": lambda f, raw, cols, rng: f.assign(
        **{name: value for name, value in {".id": 1, "id_T0": NUMBER, "nan": WORD, "index": 0}.items() if name not in f}
    ),
    "column .imp": lambda f, raw, cols, rng: f.assign(**{".imp": rng.integers(0, 3, len(f))}),
    "only ids": lambda f, raw, cols, rng: f[[raw["design"]["id"]]],
    "no columns": lambda f, raw, cols, rng: f.iloc[:, :0],
    "shuffled": lambda f, raw, cols, rng: f.sample(frac=1, random_state=3),
}  # fmt: skip
HARMLESS = {"further columns", "shuffled"}


def _reshaped(frame: pd.DataFrame, shape: str, columns: dict[str, Column]) -> pd.DataFrame:
    """The same values in other types."""
    if frame.columns.duplicated().any():
        return frame
    out = frame.copy()
    for name in out.columns:
        values, numeric = out[name], columns.get(name, Column("")).kind in NUMBERS
        try:
            if shape == "text":
                out[name] = pd.Series([_text(v) for v in values], index=values.index, dtype=object)
            elif shape == "categories":
                cats = pd.Categorical(values)
                unused = [1e9, 1e10] if numeric else [f"unused {i}" for i in range(2)]
                out[name] = cats.add_categories([u for u in unused if u not in cats.categories])
            elif shape == "nullable":
                out[name] = values.convert_dtypes()
            elif shape == "objects":
                out[name] = values.astype(object)
            elif shape == "decimals" and numeric:
                out[name] = pd.Series(
                    [None if pd.isna(v) else Decimal(repr(float(v))) for v in values], index=values.index, dtype=object
                )
            elif shape == "booleans" and columns.get(name, Column("")).kind == "binary":
                out[name] = values.astype("boolean")
            elif shape == "codes as numbers" and not numeric:
                number = pd.to_numeric(values)
                if (number.astype(object).map(_text) == values.map(_text)).all():
                    out[name] = number.astype(float)
        except (TypeError, ValueError, OverflowError, ArithmeticError):
            continue
    return out


def _text(value: Any) -> Any:
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else repr(float(value)) if value % 1 else str(int(value))
    return value if isinstance(value, list) else None if value is None or value is pd.NaT else str(value)


SHAPES = ("plain", "plain", "text", "categories", "nullable", "objects", "decimals", "booleans", "codes as numbers")
FORMATS = ("csv", "csv", "semicolon", "bom", "crlf", "tab", "utf-16", "parquet", "parquet", "xlsx", "sav", "dta")


def encoded(frame: pd.DataFrame, form: str) -> tuple[str, bytes] | None:
    """The table as a file, or None where the format cannot hold it."""
    try:
        if form == "parquet":
            stream = io.BytesIO()
            frame.to_parquet(stream, index=False)
            return "survey.parquet", stream.getvalue()
        if form == "xlsx" and frame.astype(str).apply(lambda v: v.str.contains("\r")).any(axis=None):
            return None  # which its files cannot hold
        if form == "xlsx":
            stream = io.BytesIO()
            frame.to_excel(stream, index=False)
            return "survey.xlsx", stream.getvalue()
        if form in ("sav", "dta"):
            import pyreadstat

            plain = frame.rename(columns={c: c for c in frame.columns})
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"x.{form}"
                (pyreadstat.write_sav if form == "sav" else pyreadstat.write_dta)(plain, str(path))
                return f"survey.{form}", path.read_bytes()
        if form == "semicolon":  # pandas itself would write fewer digits with a decimal comma
            frame = frame.apply(lambda v: [repr(float(x)).replace(".", ",") if x == x else None for x in v]
                                if v.dtype.kind == "f" else v)  # fmt: skip
        text = frame.to_csv(
            index=False,
            sep={"semicolon": ";", "tab": "\t"}.get(form, ","),
            lineterminator="\r\n" if form == "crlf" else "\n",
        )
        codec = {"bom": "utf-8-sig", "utf-16": "utf-16", "latin": "cp1252"}.get(form, "utf-8")
        return "survey.csv", text.encode(codec)
    except Exception:  # noqa: BLE001  # other programs refuse in many ways; that is not what is tried here
        return None


@st.composite
def cases(draw: st.DrawFn, *, damaged: bool | None = None) -> Case:
    """A study and a table; damaged in about half of them unless told."""
    raw, columns = draw(studies())
    seed = draw(st.integers(0, 2**16))
    ids = draw(st.sampled_from(sorted(IDS)))
    persons = draw(st.sampled_from([24, 30, 40, 12, 6, 3]))
    gaps = draw(st.sampled_from([0.0, 0.15, 0.3]))
    profiles = [draw(st.sampled_from(PROFILES)) for _ in columns]
    truth = _truth(seed, raw, columns, ids, persons, gaps, profiles)
    names = ()
    if draw(st.booleans()) if damaged is None else damaged:
        names = tuple(draw(st.lists(st.sampled_from(sorted(DAMAGES)), min_size=1, max_size=2, unique=True)))
    frame, rng = truth, np.random.default_rng(seed)
    for name in names:
        try:
            frame = DAMAGES[name](frame, raw, columns, rng)
        except (KeyError, ValueError, IndexError, TypeError, AttributeError):  # the first damage left nothing to damage
            continue
    frame = _reshaped(frame, draw(st.sampled_from(SHAPES)), columns)
    file, content = "survey.csv", b""
    for form in (draw(st.sampled_from(FORMATS)), "parquet", "csv"):
        if (made := encoded(frame, form)) is not None:
            file, content = made
            break
    whole = set(names) <= HARMLESS
    return Case(raw, toml(raw), columns, frame, _as_texts(truth, raw) if whole else None, file, content, names)


def _as_texts(truth: pd.DataFrame, raw: dict[str, Any]) -> pd.DataFrame:
    """Ids as texts: 7.0 is 7."""
    identifier = raw["design"]["id"]
    return truth.assign(**{identifier: [_text(v) for v in truth[identifier]]})


def broken_bytes(content: bytes) -> st.SearchStrategy[bytes]:
    """A file cut off, with a byte changed, or something else entirely."""
    size = max(len(content), 1)
    return st.one_of(
        st.binary(max_size=40),
        st.integers(0, size - 1).map(lambda n: content[:n]),
        st.tuples(st.integers(0, size - 1), st.integers(1, 255)).map(
            lambda p: content[: p[0]] + bytes([content[p[0]] ^ p[1]]) + content[p[0] + 1 :]
        ),
        st.binary(max_size=20).map(lambda tail: content + tail),
        st.sampled_from(
            [b"PAR1", b"PAR1PAR1", b"$FL2", b"<stata_dta>", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\0" * 50]
        ),
    )


FORMATS_SHOWN = ("table", "csv", "json", "md", "tex", "html")


def plans() -> st.SearchStrategy[dict[str, Any]]:
    """What is done with a table after it was checked and converted."""
    shown = st.sampled_from(FORMATS_SHOWN)
    fits = [(), (), ("fit-t3",), ("fit-longitudinal",), ("fit-t3", "robustness"), ("fit-t3", "fit-longitudinal")]
    return st.fixed_dictionaries(
        {
            "direct": st.sampled_from(["", "impute", "describe"]),  # what an unfit table is given to as well
            "back": st.sampled_from(["", "csv", "xlsx", "sav", "dta"]),
            "describe": st.booleans(),
            "format": shown,
            "show": shown,
            "lang": st.sampled_from(["nl", "en"]),
            "fit": st.sampled_from(fits),
            "again": st.booleans(),
            "checks": st.sampled_from(["a", "b,c", "g,h", "j,k", "c,g,j", "i"]),
            "long": st.sampled_from(["", "csv", "xlsx", ""]),
            "info": st.sampled_from([(), ("--table", "fits")]),
        }
    )


# --- questionnaires --------------------------------------------------------------------------------------------------

ITEMS = tuple(f"s{i}" for i in range(1, 11))
_QUESTIONNAIRE = {
    "schema": 1,
    "study": {"key": "items", "title": "Items"},
    "design": {
        "id": "id", "wave": "wave", "group": "group", "intervention": "i", "comparison": "c",
        "waves": [{"key": "T0", "months": 0}, {"key": "T1", "months": 6}], "baseline": "T0", "endpoint": "T1",
    },
    "outcomes": {"total": {"label": "Total", "kind": "linear", "waves": ["T0", "T1"], "range": [10, 40]}},
    "instruments": {
        "gse": {"definition": "gse", "columns": "s{item}", "scales": {"self_efficacy": {"outcome": "total"}}}
    },
}  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> Case:
    """Answers to a questionnaire of ten items with codes 1 to 4, damaged in half of them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    persons = draw(st.sampled_from([4, 12]))
    columns = {item: Column("ordinal", range=(1.0, 4.0), waves=("T0", "T1")) for item in ITEMS}
    ids = [f"CANARY-{i // 2}" for i in range(2 * persons)]
    group = ["i" if i // 2 % 2 else "c" for i in range(2 * persons)]
    frame = pd.DataFrame({"id": ids, "wave": ["T0", "T1"] * persons, "group": group})
    for item in ITEMS:
        frame[item] = rng.integers(1, 5, 2 * persons).astype(float)
    if draw(st.booleans()):
        frame = frame.mask((rng.random(frame.shape) < 0.05) & frame.columns.isin(ITEMS))
    truth = frame.assign(total=frame[list(ITEMS)].sum(axis=1, min_count=len(ITEMS)))
    names: tuple[str, ...] = ()
    if draw(st.booleans()):
        names = (draw(st.sampled_from(sorted(DAMAGES))),)
        try:
            frame = DAMAGES[names[0]](frame, _QUESTIONNAIRE, columns, rng)
        except (KeyError, ValueError, IndexError, TypeError, AttributeError):
            names = ()
    frame = _reshaped(frame, draw(st.sampled_from(SHAPES)), columns)
    made = encoded(frame, draw(st.sampled_from(FORMATS))) or encoded(frame, "csv")
    file, content = made or ("survey.csv", b"")
    whole = set(names) <= HARMLESS
    return Case(_QUESTIONNAIRE, toml(_QUESTIONNAIRE), columns, frame, truth if whole else None, file, content, names)
