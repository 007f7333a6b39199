"""Register records and link files as they might come, good and bad, from Hypothesis."""

from __future__ import annotations

import calendar
import csv
import datetime
import io
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from tests.support.oracles.any_damage import CELLS, FILES, FORMS, LINKS, SPELLED, struck
from tests.support.oracles.any_input import IDS, Case, _text, encoded
from tests.support.oracles.any_register import (
    AMOUNTS,
    BINARY,
    DEFAULTS,
    FIRST,
    HOURS,
    JOB,
    KEY,
    KIND,
    LAST,
    MEASURES,
    NORM_KEYS,
    TYPE,
    WAGES,
    Records,
    day_of,
    month_of,
)  # fmt: skip
from tests.support.oracles.any_study import toml

COLUMNS = (KIND, KEY, JOB, FIRST, LAST, TYPE, *AMOUNTS)
LATER = {"2022-01": ("1091.71", "1037.12", "1559.58", "1481.60"), "2020-03": ("1000", "950", "1428.57", "1357.14")}
OTHERS: dict[str, list[Any]] = {
    "timing": ["interview"], "lag": [-1, 1, 2], "hours": list(HOURS[1:]), "wage": list(WAGES[1:]),
    "income": list(WAGES), "holiday_pay": ["included"], "norm": ["couple"], "norm_rule": ["at_least"],
    "norms": [[{"since": k, **{n: float(v) for n, v in zip(NORM_KEYS, LATER[k], strict=True)}}] for k in LATER],
    "work_hours": [10, 51.43, 0.5], "hours_cut": [0, 8.5, 20], "hours_rule": ["at_least"], "hours_per": ["job"],
    "weeks": ["worked"], "exclude_job_types": [[], ["2", "3"], ["02"], ["9"], ["0"]], "corrections": ["drop"],
    "missing": ["zero"], "missing_amount": [9_999_999, 1500.5], "missing_hours": [99.99, 9999], "spanning": ["end"],
    "duplicates": ["each"], "uncovered": ["missing"],
}  # fmt: skip
_HOURS = ("0", "51.43", "53.14", "48", "80", "20", "34.29", "160", "0.01", "12.5", "99.99", "744")
_WAGES = ("0", "300", "942.51", "999.70", "1052.32", "1200", "1428.14", "1500.50", "2345.67", "0.01")


# --- records ---------------------------------------------------------------------------------------------------------


def _decimal(rng: np.random.Generator, values: tuple[str, ...], high: float) -> Decimal:
    if rng.random() < 0.6:
        return Decimal(str(rng.choice(values)))
    return Decimal(str(round(float(rng.uniform(0, high)), 2)))


def _record(rng: np.random.Generator, key: str, job: str, kind: str | None, first: datetime.date, last: datetime.date,
            population: str = "R") -> dict[str, Any]:  # fmt: skip
    base = _decimal(rng, _WAGES, 3000)
    gross = base if rng.random() < 0.7 else base + Decimal(str(round(float(rng.uniform(0, 500)), 2)))
    holiday = Decimal(0) if rng.random() < 0.6 else (gross - base) if rng.random() < 0.8 else Decimal("120.50")
    withheld = Decimal(0) if rng.random() < 0.4 else round(gross * Decimal("0.12"), 2)
    hours = _decimal(rng, _HOURS, 160)
    others = {name: hours if rng.random() < 0.7 else _decimal(rng, _HOURS, 160) for name in HOURS[1:]}
    amounts = {HOURS[0]: hours, **others, "SBASISLOON": base, "SLNINGLD": gross, "SLNLBPH": gross, "SLNSV": gross,
               "SINGLBPH": withheld, "SVAKBSL": holiday}  # fmt: skip
    return {
        KIND: population,
        KEY: key,
        JOB: job,
        FIRST: f"{first:%Y%m%d}",
        LAST: f"{last:%Y%m%d}",
        TYPE: kind,
    } | amounts


def _job(rng: np.random.Generator, key: str, job: str, start: int, stop: int) -> list[dict[str, Any]]:
    """A job in some of the months from `start` to `stop`, in parts, with corrections."""
    kinds = ["9", "9", "9", "9", "2", "2", "3", "5", "1", "02", "0", None]
    kind = kinds[int(rng.integers(len(kinds)))]
    weekly, rows = rng.random() < 0.25, []
    for month in range(start, stop + 1):
        if rng.random() < 0.3:
            continue
        first = datetime.date(month // 12, month % 12 + 1, 1)
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        if rng.random() < 0.25:
            first = first.replace(day=int(rng.integers(1, 29)))
        if rng.random() < 0.25:
            last = last.replace(day=int(rng.integers(first.day, last.day + 1)))
        if rng.random() < 0.1:
            last += datetime.timedelta(int(rng.integers(1, 70)))
        cut = first + datetime.timedelta(int(rng.integers(0, (last - first).days + 1)))
        spans = [(first, cut), (cut + datetime.timedelta(1), last)] if weekly and cut < last else [(first, last)]
        rows += [_record(rng, key, job, kind, *span) for span in spans]
        if rng.random() < 0.15:
            rows.append(dict(rows[-1]))
            if rng.random() < 0.6:  # a correction of the whole or of a part
                part = Decimal(str(rng.choice(["-1", "-0.5", "-1.5"])))
                chosen = AMOUNTS if rng.random() < 0.6 else tuple(rng.choice(AMOUNTS, 2))
                rows[-1] |= {name: round(rows[-1][name] * part, 2) for name in chosen}
        if rng.random() < 0.08:
            codes = [None, Decimal("9999999.99"), Decimal(999_999), Decimal("9999"), Decimal("999"), Decimal(-(10**7))]
            rows[-1][str(rng.choice(AMOUNTS))] = codes[int(rng.integers(len(codes)))]
    return rows


def _person_key(n: int) -> str:
    """Nine digits; a third of them begin with zeros."""
    return f"{(700_313_370, 31_337_003, 1_337_001)[n % 3] + 17 * n:09d}"


def _people(rng: np.random.Generator, persons: int, waves: list[dict[str, Any]], ids: str) -> list[dict[str, Any]]:
    people = []
    start = datetime.date(int(rng.choice([2018, 2019, 2020, 2020])), 1, 31)
    for n in range(persons):
        day = start + datetime.timedelta(int(rng.integers(0, 200)))
        held = {w["key"]: day + datetime.timedelta(int(30.4 * w["months"]) + int(rng.integers(-20, 50)))
                for w in waves[1:] if rng.random() < 0.7}  # fmt: skip
        key = None if rng.random() < 0.1 else _person_key(n)
        people.append({"id": _text(IDS[ids](n)), "raw": IDS[ids](n), "key": key, "included": day, "held": held})
    return people


def _frame(rng: np.random.Generator, people: list[dict[str, Any]], months: list[int], hole: bool) -> pd.DataFrame:
    """Records of the linked, and of strangers in every month, but for a hole."""
    rows: list[dict[str, Any]] = []
    low, high = (min(months), max(months)) if months else (2020 * 12, 2020 * 12)
    for n, person in enumerate(people):
        if person["key"] is None or rng.random() < 0.15:
            continue
        for number in range(int(rng.integers(1, 4))):
            begin = int(rng.integers(low - 2, high + 1))
            rows += _job(
                rng, person["key"], f"7770{n:04d}{number}", begin, min(high + 2, begin + int(rng.integers(1, 14)))
            )
        if rng.random() < 0.2:  # the same number outside the population is somebody else
            when = datetime.date(low // 12, low % 12 + 1, 1)
            rows.append(_record(rng, person["key"], "77709", "9", when, when.replace(day=28), "F"))
    gap = int(rng.choice(months)) if hole and months else None
    for month in sorted({*months, low - 1, high + 1}):
        day = datetime.date(month // 12, month % 12 + 1, 28)
        rows += [_record(rng, f"88{i:07d}", f"7771{i}", "9", day.replace(day=1), day) for i in range(2)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    if gap is not None:
        frame = frame[[not t.startswith(f"{gap // 12}{gap % 12 + 1:02d}") for t in frame[LAST]]]
    return frame.sample(frac=1, random_state=int(rng.integers(2**31))).reset_index(drop=True)


# --- files -----------------------------------------------------------------------------------------------------------


def _cell(value: Any, comma: bool) -> str:
    text = "" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)
    return text.replace(".", ",") if comma and isinstance(value, Decimal) else text


def _csv(frame: pd.DataFrame, form: str, rng: np.random.Generator) -> bytes:
    comma = form == "semicolon" or (form in ("tab", "quoted") and rng.random() < 0.5)
    text = frame.apply(lambda column: column.map(lambda value: _cell(value, comma)))
    if rng.random() < 0.3:  # as a spreadsheet or pandas writes keys that it took for numbers
        for name in [name for name in text if name.upper() == KEY]:
            text[name] = [value.lstrip("0") or "0" if value.isdigit() else value for value in text[name]]
    written = text.to_csv(
        index=form == "index", sep={"semicolon": ";", "tab": "\t"}.get(form, ","),
        lineterminator="\r\n" if form in ("crlf", "semicolon") else "\n",
        quoting=csv.QUOTE_ALL if form == "quoted" else csv.QUOTE_MINIMAL,
    )  # fmt: skip
    return written.encode("utf-8-sig" if form in ("bom", "semicolon") else "utf-8")


def _typed(name: str, values: list[Any], rng: np.random.Generator) -> Any:
    """A column of one of the types that can hold it."""
    text = [_cell(v, False) or None for v in values]
    types: list[Any] = [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
    whole = [int(t) if t and t.isdigit() else None for t in text]
    if name in AMOUNTS:
        if all(v is None or isinstance(v, (Decimal, float)) for v in values):
            types += [pa.float64()] * 6
        if all(v is None or isinstance(v, Decimal) for v in values):
            types += [pa.decimal128(18, 2), pa.decimal128(30, 4)]
    elif name != KIND and [None if w is None else str(w) for w in whole] == [
        t and (t.lstrip("0") or "0") for t in text
    ]:
        types += [pa.int64(), pa.float64()]
        if name in (FIRST, LAST) and all(t is None or day_of(t) for t in text):
            types += [pa.date32(), pa.timestamp("us"), pa.timestamp("ns"), pa.int32()]
    chosen = types[int(rng.integers(len(types)))]
    if pa.types.is_date(chosen) or pa.types.is_timestamp(chosen):
        return pa.array([day_of(t) for t in text], pa.date32()).cast(chosen)
    if pa.types.is_decimal(chosen):
        return pa.array([None if v is None else round(v, 2) for v in values], pa.decimal128(18, 2)).cast(chosen)
    if pa.types.is_floating(chosen):
        return pa.array([None if v is None else float(v) for v in (values if name in AMOUNTS else whole)], chosen)
    if pa.types.is_integer(chosen):
        return pa.array(whole, chosen)
    return pa.array(text, pa.string()).cast(chosen) if not pa.types.is_dictionary(chosen) else pa.array(text).cast(
        pa.string()).dictionary_encode()  # fmt: skip


def _parquet(frame: pd.DataFrame, rng: np.random.Generator) -> bytes:
    table = pa.table([_typed(name.upper(), frame[name].tolist(), rng) for name in frame], names=list(frame.columns))
    stream = io.BytesIO()
    pq.write_table(table, stream, row_group_size=int(rng.choice([3, 50, 100_000])))
    return stream.getvalue()


def _statistical(frame: pd.DataFrame, form: str, rng: np.random.Generator) -> bytes:
    import pyreadstat

    plain = {}
    for name in frame:
        column = _typed(name.upper(), frame[name].tolist(), rng)
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            plain[name] = pd.Series(column.cast(pa.float64()).to_pandas(), dtype=float)
        else:
            plain[name] = pd.Series([_cell(value, False) for value in frame[name]], dtype=object)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x.{form}"
        (pyreadstat.write_sav if form == "sav" else pyreadstat.write_dta)(pd.DataFrame(plain), str(path))
        return path.read_bytes()


def written(frame: pd.DataFrame, form: str, rng: np.random.Generator) -> tuple[str, bytes]:
    """Suffix and content of a file of records."""
    infinite = any(isinstance(value, float) for name in AMOUNTS if name in frame for value in frame[name])
    form = "sav" if form == "dta" and infinite else form  # Stata has no infinity
    frame = frame.copy()
    frame["OMSCHRIJVING"] = 'caf\u00e9, "x"; y' if form != "dta" else "plain"
    frame = frame[list(rng.permutation(frame.columns.to_numpy()))] if rng.random() < 0.5 else frame
    frame = frame.rename(columns=str.lower) if rng.random() < 0.2 else frame
    if form == "parquet":
        return ".parquet", _parquet(frame, rng)
    if form in ("sav", "dta"):
        return f".{form}", _statistical(frame, form, rng)
    return ".csv", _csv(frame, form, rng)


SPELLINGS: tuple[Callable[[datetime.date], Any], ...] = (
    lambda d: f"{d:%Y-%m-%d}", lambda d: f"{d:%Y%m%d}", lambda d: f"{d:%d-%m-%Y}",
    lambda d: f"{d.day}/{d.month}/{d.year}", lambda d: f"{d:%Y-%m-%d} 00:00:00", lambda d: f"{d:%Y-%m-%d}T09:30:00",
)  # fmt: skip
TYPED: tuple[Callable[[datetime.date], Any], ...] = (
    lambda d: d, pd.Timestamp, lambda d: int(f"{d:%Y%m%d}"), lambda d: float(f"{d:%Y%m%d}"),
)  # fmt: skip


def linked(
    people: list[dict[str, Any]], waves: list[dict[str, Any]], rng: np.random.Generator, form: str
) -> pd.DataFrame:
    """The link file as a table."""
    mixed = rng.random() < 0.3
    typed = form == "parquet" and rng.random() < 0.5
    columns: dict[str, list[Any]] = {"person": [p["raw"] for p in people], KIND: [], KEY: []}
    as_numbers = rng.random() < 0.3
    for n, person in enumerate(people):
        outside = person["key"] is None
        columns[KIND].append(("F", "", "G")[n % 3] if outside else "R")
        key = _person_key(n) if outside and n % 2 else person["key"]
        columns[KEY].append(None if key is None else int(key) if as_numbers else key)
    if outside_without_kind := [n for n, p in enumerate(people) if p["key"] is None and rng.random() < 0.3]:
        for n in outside_without_kind:  # in the population, but without a number
            columns[KIND][n], columns[KEY][n] = "R", None
    for i, wave in enumerate(waves):
        days = [p["included"] if i == 0 else p["held"].get(wave["key"]) for p in people]
        choice = TYPED if typed else SPELLINGS
        one = int(rng.integers(len(choice)))
        empty = None if typed or rng.random() < 0.5 else "NA"
        columns[f"date_{wave['key']}"] = [
            empty if day is None else choice[int(rng.integers(len(choice))) if mixed and not typed else one](day)
            for day in days
        ]
    columns["remark"] = ["\u00e9, x"] * len(people)
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


# --- examples --------------------------------------------------------------------------------------------------------

WAVES = (("T0", "T1"), ("T0", "T1", "T2"), ("0", "1", "2"), ("id", "person", "n"), ("T0", "t0", "b_c", "1.0"))
STEPS = (1, 3, 6)


def _study(draw: st.DrawFn) -> dict[str, Any]:
    waves, step = draw(st.sampled_from(WAVES)), draw(st.sampled_from(STEPS))
    settings = {name: draw(st.sampled_from(values)) for name, values in OTHERS.items() if draw(st.integers(0, 3)) == 0}
    measures = draw(st.lists(st.sampled_from(MEASURES), min_size=1, max_size=6, unique=True))
    outcomes: dict[str, Any] = {
        "mood": {"label": "Mood", "kind": "linear", "waves": list(waves)},
        "says": {"label": "Says", "kind": "binary", "waves": list(waves)},
    }
    for measure in measures:
        binary = measure in BINARY
        outcomes[f"r_{measure}"] = {
            "label": measure, "kind": "binary" if binary else "linear", "source": "register", "register": measure,
            "waves": list(waves[draw(st.integers(0, 1)) :]), **({"counterpart": "says"} if binary else {}),
        }  # fmt: skip
    return {
        "schema": 1, "study": {"key": "any", "title": "Any"},
        "design": {
            "id": "person", "wave": "wave", "group": "group", "intervention": "i", "comparison": "c",
            "waves": [{"key": key, "months": i * step} for i, key in enumerate(waves)],
            "baseline": waves[0], "endpoint": waves[-1],
        },
        "outcomes": outcomes, "register": settings, "imputation": {"m": 2, "iterations": 1},
    }  # fmt: skip


def _placed(frame: pd.DataFrame, layout: str, forms: list[str], rng: np.random.Generator) -> dict[str, bytes]:
    """The records over files: at random, or per year or month with older versions that do not count."""
    if layout == "one":
        parts = {"records": frame}
    elif layout in ("split", "folder"):
        parts = {f"part {n}": frame.iloc[n :: len(forms)] for n in range(len(forms))}
    else:
        days = [d if (d := day_of(t)) and d.year < 2100 else datetime.date(2020, 1, 1) for t in frame[LAST]]
        monthly = layout == "months"
        names = np.array([f"SPOLISBUS{d.year}V{d.month:02d}2" if monthly else f"SPOLISBUS{d.year}V2" for d in days])
        parts = {str(name): frame[names == name] for name in np.unique(names)}
    files = {}
    for n, (name, part) in enumerate(parts.items()):
        suffix, content = written(part.reset_index(drop=True), forms[n % len(forms)], rng)
        files[name + suffix] = content
        if layout in ("years", "months") and rng.random() < 0.7:
            older = part.assign(**{HOURS[0]: Decimal(100), "SBASISLOON": Decimal(5000), TYPE: "9"})
            suffix, content = written(older.reset_index(drop=True), "csv", rng)
            files[name[:-1] + "1" + suffix] = content
        if layout == "years" and rng.random() < 0.3:
            files[name[:-1] + "123.csv"] = content
    return files


def _survey(people: list[dict[str, Any]], waves: list[str], rng: np.random.Generator) -> pd.DataFrame:
    """Answers of most of the linked persons and of some others."""
    ids = [p["raw"] for p in people if rng.random() < 0.8] + ["CANARY-A", "CANARY-B"] * (rng.random() < 0.5)
    rows = [
        (i, wave, "i" if n % 2 else "c", round(float(rng.normal()), 3), float(rng.random() < 0.5))
        for n, i in enumerate(ids)
        for wave in waves
        if wave == waves[0] or rng.random() < 0.9
    ]
    return pd.DataFrame(rows, columns=["person", "wave", "group", "mood", "says"])


UNFIT = ("words for missing", "bool and case", "zeros before")  # no ids, or refused since they are nearly equal


@st.composite
def register_records(draw: st.DrawFn) -> Records:
    """A study, files of records and a link file; something is wrong in about half of them."""
    raw = _study(draw)
    seed = draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    persons = draw(st.sampled_from([3, 8, 15, 30, 1, 0]))
    ids = draw(st.sampled_from([name for name in sorted(IDS) if name not in UNFIT]))
    layout = draw(st.sampled_from(["one", "one", "split", "folder", "years", "months"]))
    forms = draw(st.lists(st.sampled_from(FORMS), min_size=2 if layout in ("split", "folder") else 1, max_size=3))
    kind = draw(st.sampled_from(["none", "none", "none", "cells", "cells", "cells", "file", "spelling", "link"]))
    names = {
        "none": [""],
        "cells": sorted(CELLS),
        "file": sorted(FILES),
        "spelling": sorted(SPELLED),
        "link": sorted(LINKS),
    }
    damage = draw(st.sampled_from(names[kind]))
    waves = raw["design"]["waves"]
    people = _people(rng, persons, waves, ids)
    register = DEFAULTS | raw["register"]
    months = [month_of(p, w, register) for p in people for w in waves]
    frame = _frame(rng, people, months, rng.random() < 0.08)
    verdict = "right"
    if kind == "cells":
        frame = struck(frame, damage, rng)
        # A file in which no date at all can be read is refused, and some files are small.
        verdict = "right or refused" if {FIRST, LAST} & {*CELLS[damage][0]} else verdict
    files = _files(frame, layout, forms, damage, rng)
    if kind in ("file", "spelling"):
        verdict = {**FILES, **SPELLED}[damage][1]
    link_form = draw(st.sampled_from(["csv", "semicolon", "bom", "crlf", "tab", "parquet", "parquet"]))
    table = linked(people, waves, rng, link_form)
    if kind == "link" and people:
        verdict, change = LINKS[damage]
        verdict = verdict if any(person["key"] for person in people) else "any"  # nobody's number to damage
        table = change(table)
    made = encoded(table, link_form) or encoded(table, "csv")
    assert made is not None
    if people == [] and verdict == "right":
        verdict = "any"
    folder = "" if layout in ("one", "split") else "records/"
    placed = {folder + name: content for name, content in files.items()}
    words = tuple(sorted(placed)) if not folder else ("records",)
    words += words[:1] if draw(st.integers(0, 4)) == 0 else ()
    if folder:
        placed["records/readme.txt"] = b"CANARYWORD"
    link = made[0].replace("survey", "link")
    secrets = tuple(s for p in people if p["key"] for s in {p["key"], p["key"].lstrip("0")})
    case = Case(raw, toml(raw), {}, table, None, link, made[1], (damage,), ("CANARY", "77700", "77710", *secrets))
    survey = _survey(people, [w["key"] for w in waves], rng)
    return Records(case, placed, words, people, frame, verdict, damage, secrets, survey)


def _files(
    frame: pd.DataFrame, layout: str, forms: list[str], damage: str, rng: np.random.Generator
) -> dict[str, bytes]:
    """The files, one of them damaged."""
    if damage in SPELLED:
        allowed, _, change = SPELLED[damage]
        half = len(frame) // 2 if rng.random() < 0.5 else 0  # the first half is written as usual
        suffix, content = written(change(frame.iloc[half:].reset_index(drop=True)), str(rng.choice(allowed)), rng)
        files = {"records" + suffix: content}
        if half:
            suffix, content = written(frame.iloc[:half].reset_index(drop=True), forms[0], rng)
            files["first half" + suffix] = content
        return files
    if damage in FILES:
        allowed, _, strike = FILES[damage]
        suffix, content = written(frame, str(rng.choice(allowed)), rng)
        return {"records" + suffix: strike(content, suffix, rng)}
    return _placed(frame, layout, forms, rng)
