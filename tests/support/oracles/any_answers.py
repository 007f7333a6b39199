"""Studies with questionnaires and files with answers as they might come, through `dnt score`; see `any_scores`."""

from __future__ import annotations

import io
import math
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from hypothesis import strategies as st

from tests.support.oracles.any_command import Judge
from tests.support.oracles.any_input import Case
from tests.support.oracles.any_scores import (
    DEFINITIONS,
    WAVES,
    WORD,
    Answers,
    Expected,
    Form,
    Key,
    Meaning,
    a_form,
    codes_of,
    expected,
)
from tests.support.oracles.any_study import toml

# --- answers and files -----------------------------------------------------------------------------------------------


@dataclass
class _Table:
    """One file before it is written: cells, and codes that it declares to mean no answer."""

    rows: list[dict[str, Any]]
    names: list[str]
    form: str
    missing: dict[str, tuple[float, float]] = field(default_factory=dict)
    letters: dict[str, set[float]] = field(default_factory=dict)  # of Stata, as the numbers that they become


def _meant(form: Form, rng: random.Random, item: str, lean: int, odd: float) -> Meaning:
    """An answer, mostly a code; `lean` is where the person stands, so that items of a scale hang together."""
    low, high = codes_of(form, item)
    if rng.random() < odd:
        return rng.choice([
            Fraction(99), Fraction(-1), Fraction(9), Fraction(8), Fraction(low - 1), Fraction(high + 1), Fraction(3, 2),
            Fraction(999), math.inf, WORD, WORD,
        ])  # fmt: skip
    if rng.random() < 0.5:
        turned = item in form.turned
        lean = high - lean if turned else low + lean
        return Fraction(min(max(lean + rng.choice([-1, 0, 0, 1]), low), high))
    return Fraction(rng.randint(low, high))


_WORDS = ("?", "ja", "n.v.t.", "1_0", "0x1", "-", "3 of 4", "٣", "NA")


def _cells(rng: random.Random, meanings: list[Meaning], form: str) -> list[Any]:
    """One column as a file has it."""
    texts = WORD in meanings or math.inf in meanings
    whole = all(m is None or (isinstance(m, Fraction) and m.denominator == 1) for m in meanings)
    style = rng.choice(["text", "mixed"] if texts else ["number", "number", "text", "mixed", "category", "decimal"])
    if style in ("mixed", "category", "decimal") and form in ("sav", "dta"):
        style = "text" if texts else "number"
    if style == "mixed" and form != "xlsx":
        style = "text" if texts else "number"
    if form in ("csv", "semicolon", "xlsx") and style in ("category", "decimal"):
        style = "number"
    if set(meanings) <= {None, Fraction(0), Fraction(1)} and form in ("csv", "parquet", "xlsx") and rng.random() < 0.3:
        return [None if m is None else bool(m) for m in meanings]
    if style == "number" and whole and form not in ("sav", "dta") and rng.random() < 0.5:
        return [None if m is None else int(m) for m in meanings]  # type: ignore[arg-type]
    return [_cell(rng, m, style, form) for m in meanings]


def _cell(rng: random.Random, meaning: Meaning, style: str, form: str) -> Any:
    if meaning is None:
        return rng.choice([None, "", "  "]) if style in ("text", "mixed") and form not in ("csv", "semicolon") else None
    if meaning == WORD:
        return rng.choice(_WORDS)
    if meaning == math.inf:
        return "inf"
    assert isinstance(meaning, Fraction)
    number = float(meaning)
    if style == "decimal":
        return Decimal(repr(number))
    if style in ("number", "category") or (style == "mixed" and rng.random() < 0.5):
        return number
    if meaning.denominator > 1:
        return repr(number).replace(".", ",") if form == "semicolon" else repr(number)
    spelled = ["{}", "{}", " {}", "{} ", "{},0" if form == "semicolon" else "{}.0"]
    return rng.choice(spelled if form != "dta" else spelled[:2]).format(int(meaning))


_CODES = ((9, 9), (99, 99), (8, 9), (-1, -1), (-9, -1), (0, 0), (3, 3))  # that files declare to mean no answer


def _declare(rng: random.Random, table: _Table, columns: list[str], meanings: list[dict[str, Meaning]]) -> None:
    """Let some columns of a file have codes for no answer, and gaps be written so; changes `meanings`."""
    if table.form not in ("sav", "dta", "xlsx"):
        return
    for column in columns:
        own = [row.get(column) for row in meanings]
        if rng.random() < 0.7 or WORD in own or math.inf in own:
            continue
        low, high = rng.choice(_CODES[: 5 if rng.random() < 0.8 else 7])
        table.missing[column] = (low, high)
        for cells, row in zip(table.rows, meanings, strict=True):
            value = row.get(column)
            if table.form == "dta":
                if value is None and rng.random() < 0.5:
                    cells[column] = "abz"[rng.randrange(3)]
            elif value is None:
                cells[column] = float(rng.randint(low, high)) if rng.random() < 0.5 else None
            elif isinstance(value, Fraction) and low <= value <= high:
                row[column] = None
        if table.form == "dta":  # .a is -1 and .z is -26, or lower where the column has such numbers itself
            least = math.floor(min([0, *(v for v in own if isinstance(v, Fraction))]))
            used = {cells[column] for cells in table.rows if isinstance(cells[column], str)}
            table.letters[column] = {least - 1 - "abcdefghijklmnopqrstuvwxyz".index(letter) for letter in used}


def _written(table: _Table) -> tuple[str, bytes]:
    """A file's suffix and content."""
    form = table.form
    if form in ("csv", "semicolon"):
        return "csv", _text(table).encode("utf-8")
    if form == "xlsx":
        return "xlsx", _workbook(table)
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in table.rows], dtype=object) for name in table.names})
    for name in table.names:
        kinds = {type(v) for v in frame[name] if v is not None}
        if kinds <= {float} and name not in table.missing:
            frame[name] = frame[name].astype(float)
        elif kinds == {int} and form == "parquet":
            frame[name] = frame[name].astype("Int64")
        elif kinds == {str} and form == "parquet" and len(frame) % 3 == 0:
            frame[name] = frame[name].astype("category")
    if form == "parquet":
        stream = io.BytesIO()
        frame.to_parquet(stream, index=False)
        return "parquet", stream.getvalue()
    return form, _statistics(frame, table)


def _text(table: _Table) -> str:
    comma = table.form == "semicolon"

    def shown(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).upper()
        text = "" if value is None else repr(value) if isinstance(value, float) else str(value)
        return text.replace(".", ",") if comma and isinstance(value, float) else text

    lines = [table.names, *([shown(row.get(name)) for name in table.names] for row in table.rows)]
    quoted = [[f'"{cell}"' if set(cell) & set(",;") else cell for cell in line] for line in lines]
    return "".join((";" if comma else ",").join(line) + "\n" for line in quoted)


def _workbook(table: _Table) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(table.names)
    for row in table.rows:
        sheet.append([row.get(name) for name in table.names])
    if table.missing:
        codes = book.create_sheet("codebook")
        codes.append(["column", "label", "code", "value_label", "missing_from", "missing_to"])
        for column, (low, high) in table.missing.items():
            codes.append([column, None, None, None, low, high])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _statistics(frame: pd.DataFrame, table: _Table) -> bytes:
    import pyreadstat

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x.{table.form}"
        if table.form == "sav":
            for name in table.missing:
                frame[name] = frame[name].astype(float)
            ranges = {c: [low if low == high else {"lo": low, "hi": high}] for c, (low, high) in table.missing.items()}
            pyreadstat.write_sav(frame, str(path), missing_ranges=ranges)
        else:
            letters = {c: sorted({v for v in frame[c] if isinstance(v, str)}) for c in table.missing}
            for name in frame.columns:
                if name in table.missing and not letters[name]:
                    frame[name] = frame[name].astype(float)
            pyreadstat.write_dta(frame, str(path), missing_user_values={c: v for c, v in letters.items() if v} or None)
            table.missing = {c: table.missing[c] for c in table.missing if letters[c]}
        return path.read_bytes()


_FORMATS = ("csv", "semicolon", "parquet", "xlsx", "sav", "dta")


def questionnaires() -> st.SearchStrategy[Answers]:
    """Studies with one to four built-in questionnaires, and answers in one file or several."""
    return st.integers(0, 2**62).map(lambda seed: _drawn(random.Random(seed)))


def _drawn(rng: random.Random) -> Answers:
    names = rng.sample(sorted(DEFINITIONS), rng.choice([1, 1, 2, 3]))
    if "sf12v1" in names and "sf12v2" in names:  # whose columns would be the same
        names.remove("sf12v2")
    forms = [a_form(rng, name) for name in names]
    persons = rng.choice([2, 3, 4, 8, 12, 20, 30])
    ids = [f"CANARY-{i}" for i in range(persons)] if rng.random() < 0.6 else [str(5000 + i) for i in range(persons)]
    gap, odd = rng.choice([0, 0, 0.02, 0.1, 0.4, 0.9]), rng.choice([0, 0, 0, 0.01, 0.05, 0.3])
    keys = [(person, wave) for person in ids for wave in WAVES if wave == "T0" or rng.random() < 0.8]
    meanings: dict[Key, dict[str, Meaning]] = {}
    for key in keys:
        meanings[key] = {}
        for form in forms:
            lean, empty = rng.randint(0, 4), rng.random() < 0.03
            for item, column in form.columns.items():
                gone = empty or rng.random() < gap
                meanings[key][column] = None if gone else _meant(form, rng, item, lean, odd)
    asked = {}
    for form in forms:
        for scale in form.scales.values():
            if rng.random() < 0.2:
                asked[scale.outcome] = tuple(sorted({"T0", *rng.sample(WAVES, 2)} if rng.random() < 0.8 else WAVES))
    raw: dict[str, Any] = {
        "study": {"key": "any", "title": "Any"},
        "design": {
            "id": "id", "wave": "wave", "group": "group", "intervention": "i", "comparison": "c",
            "waves": [{"key": wave, "months": i} for i, wave in enumerate(WAVES)], "baseline": "T0", "endpoint": "T2",
        },
        "outcomes": {"work": {"label": "Work", "kind": "binary", "waves": list(WAVES)}}
        | {name: {"label": name, "kind": "linear", "waves": [*waves], "role": "descriptive"}
           for name, waves in asked.items()},
        "instruments": {form.key: form.raw for form in forms},
    }  # fmt: skip
    group = {person: "ic"[i % 2] for i, person in enumerate(ids)}
    if rng.random() < 0.5:
        return _one_file(rng, raw, forms, meanings, group, asked)
    return _folder(rng, raw, forms, meanings, group, asked)


def _identifiers(ids: list[str], form: str) -> list[Any]:
    """Ids as a file has them."""
    return [float(i) if form in ("sav", "dta", "xlsx") else int(i) for i in ids] if ids[0].isdigit() else [*ids]


def _table(
    rng: random.Random, lead: dict[str, list[Any]], columns: list[str], meant: list[dict[str, Meaning]]
) -> _Table:
    """A file with leading columns and items; gaps may become codes in `meant`."""
    form = rng.choice(_FORMATS)
    lead = {name: _identifiers(values, form) if name in ("id", "nr") else values for name, values in lead.items()}
    items = {column: _cells(rng, [row.get(column) for row in meant], form) for column in columns}
    every = lead | items
    rows = [{name: values[i] for name, values in every.items()} for i in range(len(meant))]
    names = [*lead, *columns]
    if rng.random() < 0.5:
        rng.shuffle(names)
    table = _Table(rows, names, form)
    for column in columns:  # text has no codes for no answer
        if any(isinstance(v, (str, bool)) for v in items[column]):
            continue
        _declare(rng, table, [column], meant)
    return table


def _one_file(rng: random.Random, raw: dict[str, Any], forms: list[Form], meanings: dict[Key, dict[str, Meaning]],
              group: dict[str, str], asked: dict[str, tuple[str, ...]]) -> Answers:  # fmt: skip
    keys = [*meanings]
    rng.shuffle(keys)
    there = {column for form in forms for column in form.columns.values() if form is forms[0] or rng.random() < 0.95}
    whole = [form for form in forms if set(form.columns.values()) <= there]
    lead = {"id": [k[0] for k in keys], "wave": [k[1] for k in keys], "group": [group[k[0]] for k in keys],
            "work": [float(rng.randint(0, 1)) for _ in keys]}  # fmt: skip
    there = {column for form in whole for column in form.columns.values()}
    table = _table(rng, lead, sorted(there, key=lambda _: rng.random()), [meanings[key] for key in keys])
    suffix, content = _written(table)
    made = Answers(raw, forms, {f"answers.{suffix}": content}, f"answers.{suffix}", meanings, there, asked, "", True)
    made.plain = not table.missing
    return made


def _folder(rng: random.Random, raw: dict[str, Any], forms: list[Form], meanings: dict[Key, dict[str, Meaning]],
            group: dict[str, str], asked: dict[str, tuple[str, ...]]) -> Answers:  # fmt: skip
    persons = {"id": [*group], "group": [*group.values()]}
    plan: list[tuple[str, dict[str, Any], list[str], list[Key]]] = []  # name, setting, columns, keys
    keys = [*meanings]
    kept = [key for key in keys if key[1] == "T0" or rng.random() < 0.8]
    plan.append(("base", {"wave_column": "wave"}, [], kept))
    for n, form in enumerate(forms):
        columns = list(form.columns.values())
        if rng.random() < 0.5:
            for wave in WAVES:
                own = [key for key in keys if key[1] == wave and rng.random() < 0.9]
                if own:
                    plan.append((f"f{n}_{wave}", {"wave": wave}, columns, own))
        else:
            codes = rng.choice([{}, {"1": "T0", "2": "T1", "3": "T2"}, {"0": "T0", "1": "T1", "2": "T2"}])
            own = [key for key in keys if rng.random() < 0.9] or keys[:1]
            plan.append((f"f{n}", {"wave_column": "wave", "wave_codes": codes}, columns, own))
    made = Answers(raw, forms, {}, "data", {}, set(), asked, "", True)
    raw["files"] = {}
    known: dict[Key, dict[str, Meaning]] = {}
    told: list[tuple[_Table, list[str], list[dict[str, Meaning]], list[dict[str, Meaning]]]] = []
    for name, setting, columns, own in [("persons", {}, [], []), *plan]:
        rng.shuffle(own)
        meant = [{column: meanings[key][column] for column in columns} for key in own]
        before = [dict(row) for row in meant]
        identifier = rng.choice(["id", "nr"])
        lead: dict[str, list[Any]] = {identifier: [key[0] for key in own]}
        if name == "persons":
            lead = {identifier: persons["id"], "group": persons["group"]}
            meant = [{} for _ in persons["id"]]
        elif "wave_column" in setting:
            code = {wave: code for code, wave in setting.get("wave_codes", {}).items()}
            setting = {**setting, "wave_column": rng.choice(["wave", "round"])}
            lead[setting["wave_column"]] = [int(code[key[1]]) if code else key[1] for key in own]
        if name == "base":
            lead["work"] = [float(rng.randint(0, 1)) for _ in own]
        table = _table(rng, lead, columns, meant)
        renamed = _renamed(rng, table, columns, name)
        suffix, content = _written(table)
        made.files[f"data/{name}.{suffix}"] = content
        raw["files"][name] = {"path": f"{name}.{suffix}", **setting} | ({"id": "nr"} if identifier == "nr" else {})
        if renamed:
            raw["files"][name]["columns"] = renamed
        back = {old: new for old, new in renamed.items()}
        table.missing = {back.get(c, c): span for c, span in table.missing.items()}
        table.letters = {back.get(c, c): codes for c, codes in table.letters.items()}
        made.plain = made.plain and not table.missing
        made.there |= set(columns)
        told.append((table, columns, before, meant))
        for key, row in zip(own, meant, strict=name != "persons"):
            known.setdefault(key, dict.fromkeys((c for f in forms for c in f.columns.values()), None)).update(row)
    made.meanings = known
    made.refused = _clash(told)
    return made


def _renamed(rng: random.Random, table: _Table, columns: list[str], name: str) -> dict[str, str]:
    """Give some items of a file another name there."""
    chosen = rng.sample(columns, rng.randint(0, len(columns))) if rng.random() < 0.4 else []
    new = {column: f"x{i}_{name}" for i, column in enumerate(chosen)}
    table.names = [new.get(n, n) for n in table.names]
    table.rows = [{new.get(n, n): v for n, v in row.items()} for row in table.rows]
    table.missing = {new.get(n, n): v for n, v in table.missing.items()}
    table.letters = {new.get(n, n): v for n, v in table.letters.items()}
    return {made: column for column, made in new.items()}


def _clash(told: list[tuple[_Table, list[str], list[dict[str, Meaning]], list[dict[str, Meaning]]]]) -> str:
    """An answer in one file that is a code for no answer in another."""
    for table, columns, _, meant in told:
        for column in columns:
            for other, theirs, *_ in told:
                if other is table or column not in theirs or column not in other.missing:
                    continue
                low, high = other.missing[column]
                values = [v for row in meant if isinstance(v := row.get(column), Fraction)]
                if other.form == "dta":
                    codes = other.letters[column]
                    hit = any(v in codes for v in values)
                else:
                    hit = any(low <= v <= high for v in values)
                if hit:
                    return "do not fit together"
    return ""


# --- through the commands --------------------------------------------------------------------------------------------


def drive_questionnaires(drawn: Answers, folder: Path, counts: Counter[tuple[str, int]], back: str) -> Counter[str]:
    """Answers through `dnt score`, directly and from a file that `dnt convert` made."""
    (folder / "study.toml").write_text(toml(drawn.raw), encoding="utf-8")
    for name, content in drawn.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    case = Case(drawn.raw, toml(drawn.raw), {}, pd.DataFrame(), None)
    judge, done, right = Judge(folder, case, counts), Counter[str](), expected(drawn)
    right.refused = right.refused or _unfit(drawn, right)
    run = judge.run("score", drawn.source, "--study", "study.toml", "-o", "s.parquet", "--format", "csv")
    if right.refused:
        assert run.code in (10, 11), (run.text, right.refused)
        assert right.refused in run.stderr, (run.stderr, right.refused)
        return Counter({"refused": 1})
    assert run.code == 0, run.stderr
    done.update(check_scores(folder / "s.parquet", right))
    if back:
        words = ("convert", drawn.source, "--study", "study.toml", "-o", f"b.{back}")
        assert judge.run(*words).code in (0, 11)
        if (folder / f"b.{back}").exists() and (back != "csv" or drawn.plain):
            run = judge.run("score", f"b.{back}", "--study", "study.toml", "-o", "s2.parquet")
            # SPSS and Stata change names, and then the study no longer fits, which is said.
            assert run.code == 0 or (back in ("sav", "dta") and "missing" in run.stderr), run.stderr
            if run.code == 0:
                done["round trips"] += bool(check_scores(folder / "s2.parquet", right))
    return done


def _unfit(drawn: Answers, right: Expected) -> str:
    """Why the scores are no survey."""
    made = {name for row in right.scores.values() for name in row}
    if set(drawn.asked) - made:
        return "missing"
    for name, waves in drawn.asked.items():
        if all(row[name] is None for (_, wave), row in right.scores.items() if wave in waves):
            return "nobody has a value"
    return ""


def check_scores(path: Path, right: Expected) -> Counter[str]:
    """A stage file holds the scores, counts and figures that are right."""
    from dnt_cli.stagefile.container import read_stage

    stage = read_stage(path.read_bytes(), path.name, ["survey"], "dnt score")
    done = Counter[str]()
    found = stage.frame.assign(wave=stage.frame["wave"].astype(str)).set_index(["id", "wave"])
    assert len(found) == len(right.scores)
    for (person, wave), row in right.scores.items():
        own = found.loc[person, wave]
        for outcome, value in row.items():
            asked = stage.study.outcomes[outcome].waves if outcome in stage.study.outcomes else WAVES
            _same(own[outcome], value if wave in asked else None, (person, wave, outcome))
            done["scores" if value is not None else "no scores"] += 1
    report = pd.DataFrame(stage.extra["peculiarities"])
    names = ("instrument", "scale", "column", "wave", "what")
    told = {tuple(str(row[n]) for n in names): int(row["count"]) for row in report.to_dict("records")}
    differ = {k: (told.get(k), right.report.get(k)) for k in told | right.report if told.get(k) != right.report.get(k)}
    assert not differ, differ
    done["counts"] += len(told)
    figures = pd.DataFrame(stage.extra["reliability"]).to_dict("records")
    assert len(figures) == len(right.reliability)
    for row in figures:
        figure = right.reliability[row["instrument"], row["scale"], row["outcome"], row["wave"]]
        for name in ("n_scored", "n_answered", "n_listwise", "items"):
            assert row[name] == figure[name], (row, figure)
        _same(row["alpha"], figure["alpha"], row)
        assert pd.isna(row["omega"]) or (figure["omega"] and 0 <= row["omega"] <= 1 + 1e-9), (row, figure)
        done["figures"] += 1
    return done


def _same(found: Any, right: Fraction | None, where: Any) -> None:
    if right is None:
        assert pd.isna(found), (found, where)
    else:
        assert abs(float(found) - float(right)) <= 1e-9 * max(1.0, abs(float(right))), (found, float(right), where)


def trial(data: st.DataObject, counts: Counter[tuple[str, int]]) -> Counter[str]:
    """One example in a folder of its own; what was compared with what is right."""
    with tempfile.TemporaryDirectory() as name:
        drawn = data.draw(questionnaires())
        back = data.draw(st.sampled_from(["", "parquet", "parquet", "csv", "xlsx", "sav", "dta"]))
        return drive_questionnaires(drawn, Path(name), counts, back)
