"""A study file to start from, made from a data file; what the data cannot say stands there as a question.

Nothing that fewer than ten rows share is written down: codes and words of levels only, and round limits.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.column_names import look_like_answers
from dnt_cli.errors import DataError
from dnt_cli.findings import error
from dnt_cli.reading.codes import truth
from dnt_cli.reading.dictionary import RawTable
from dnt_cli.reading.header import NO_HINTS, Hints
from dnt_cli.reading.missing import WORDS
from dnt_cli.reading.moments import FIRST, IN_LABEL, LAST, in_order, months
from dnt_cli.reading.numbers import number, shape
from dnt_cli.reading.scales import plain, scale_of
from dnt_cli.reading.suspicion import NO_ANSWER, means_no_answer, suspects
from dnt_cli.reading.table import Distinct, code_of, shown
from dnt_cli.sentences import say
from dnt_cli.study import Code, Language
from dnt_cli.study.source_rules import same_code
from dnt_cli.survey import identifiers
from dnt_cli.wording import sentence

SHARED = 10  # rows that must share a value before it is written down
_MOST_LEVELS = 10
_MOST_ARMS = 6
_TOLD = re.compile("\0([^\0]+)\0")  # a sentence that is still to be worded
_NAMES = {
    "id": r"(?:.*[\W_])?(?:id|nr|nummer)|.*(?:clientnr|respnr|respondent|subject|person|persoon|deelnemer|cli[eë]nt).*",
    "wave": r"wave|meting|meetmoment|tijd|time|round|ronde|visit|measurement|t",
    "group": r"group|groep|arm|condition|conditie|treat(?:ment|ed)?|interventie|intervention|allocation",
    "site": r"site|gemeente|locatie|location|plaats|centrum|centre|center|town|city|stad|regio|region",
}
_DATE = re.compile(r".*(?:datum|date|tijdstip|timestamp).*", re.IGNORECASE)
_NO_NAME = re.compile(r"column \d+")  # what a column without a name is called
_WAVES = ["T0", "T1"]  # where the data show none
_COUNTED = re.compile(
    r"(?<![a-z])(?:aantal|number of|hoeveel|how many|count|schuldeisers|creditors|kinderen|children|bezoeken|visits"
    r"|opnames|dagen|days|contacten|contacts)(?![a-z])",
    re.IGNORECASE,
)  # what the name or the label of a number says that was counted
_INTERVENTION = re.compile(r"interv|treat|experim|training|program|plus|nieuw|new", re.IGNORECASE)
_COMPARISON = re.compile(r"contr|comp|verg|gebruik|usual|care|wacht|wait|placebo", re.IGNORECASE)


@dataclass(frozen=True)
class _Column:
    """What the values of one variable are, over all its columns.

    Attributes:
        kind: binary, ordinal, linear, count, words (a few), text, or empty.
        levels: codes or words that ten rows share, in order.
        labels: what the file calls them.
        missing: codes and words that look like no answer.
        rare: different values that fewer rows share, where there are levels.
        scale: words in the order that questionnaires give them, lowest first; empty where no order is known.
        limits: round numbers around all values.
        label: of the variable, in the file.
    """

    kind: str
    levels: tuple[Code, ...] = ()
    labels: tuple[str, ...] = ()
    missing: tuple[Code, ...] = ()
    rare: int = 0
    scale: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None
    label: str = ""


def draft_study(raw: RawTable, key: str, hints: Hints = NO_HINTS, language: Language = "en") -> str:
    """The text of a study file for a table, with the questions that it leaves as comments.

    Args:
        raw: The table.
        key: Name of the study.
        hints: How the table was found in its file, which the study file then says too.
        language: Of the questions.

    Raises:
        DataError: The first line is no header: it would write a person's answers as names.
    """
    frame = raw.frame.set_axis([str(c) for c in raw.frame.columns], axis=1)
    frame = frame.loc[:, ~frame.columns.duplicated()]
    names = {role: _named(frame, role) for role in _NAMES}
    if look_like_answers(frame.columns) and not any(names.values()):
        raise DataError(say("file_unfit", file=key, finding=error("", "headless")))
    person = names["id"] or str(frame.columns[0])
    long = names["wave"] is not None and frame[person].duplicated().any()
    wide, pattern = ({}, "") if long else _waves_in_names([str(c) for c in frame.columns])
    at = None if wide or names["wave"] is None else identifiers(frame[names["wave"]])
    found_waves = [wave for ends in wide.values() for wave in ends] if at is None else list(at.dropna())
    waves, ordered = in_order(found_waves)
    taken = {person, *filter(None, names.values())}
    outcomes, covariates, left = _variables(raw, frame, taken, frame[person], at, wide, waves)
    every = [*outcomes, *covariates]
    keys = _keys(every, [str(c) for c in frame.columns])
    columns = {name: keys[name] for name in every if name not in wide and name != keys[name]}
    for stem in outcomes:
        if stem in wide and stem != keys[stem]:
            columns |= {column: f"{keys[stem]}_{wave}" for wave, column in wide[stem].items()}
    lines = [*_head(key), *_design(raw, frame, person, names, waves, ordered), *_files(wide, pattern, columns, hints)]
    for name, (found, asked) in outcomes.items():
        lines += _outcome(keys[name], name, found, asked)
    for name, found in covariates.items():
        lines += _covariate(keys[name], name, found)
    lines += [] if outcomes else [_ask("no_outcome").strip(), ""]
    tied = [keys[name] for name in covariates if names["group"] and _tied(frame[name], frame[names["group"]])]
    models = _models({keys[name]: found for name, found in covariates.items()}, tied)
    unused = [f"# {_said('unused', columns=', '.join(left))}"] if left else []
    text = "\n".join([*lines, *models, *unused]) + "\n"

    def worded(match: re.Match[str]) -> str:
        name, values = json.loads(match[1])
        return sentence(f"reading.draft_{name}", language, **values)

    return _TOLD.sub(worded, text)


def _said(name: str, **values: Any) -> str:
    """The place of a sentence of `words/reading.toml`, which is put there when the text is whole."""
    return f"\0{json.dumps([name, values])}\0"


def _ask(name: str, mark: str = "# ?", **values: Any) -> str:
    """A question behind a setting."""
    return f"  {mark} {_said(name, **values)}"


def _variables(
    raw: RawTable, frame: pd.DataFrame, taken: set[str], ids: pd.Series, at: pd.Series | None,
    wide: dict[str, dict[str, str]], waves: list[str],
) -> tuple[dict[str, tuple[_Column, list[str]]], dict[str, _Column], list[str]]:  # fmt: skip
    """The outcomes with the waves at which they were asked, the covariates, and the columns that are not used.

    In a long file (`at`: the wave of each row) what was asked at the first wave and is the same on all rows of every
    person is a covariate; what was asked later only never is.
    """
    outcomes = {
        stem: (_column(raw, frame, list(ends.values())), [w for w in waves if w in ends]) for stem, ends in wide.items()
    }
    covariates, left = {}, [stem for stem, (found, _) in outcomes.items() if found.kind in ("text", "empty")]
    stems = {column for ends in wide.values() for column in ends.values()}
    for column in map(str, frame.columns):
        if column in taken or column in stems:
            continue
        if re.fullmatch(_NAMES["id"], column, re.IGNORECASE) and len(set(ids)) == len(set(frame[column])):
            left.append(column)  # another number of the person
            continue
        found = _column(raw, frame, [column])
        asked = waves if at is None else [w for w in waves if frame.loc[at == w, column].notna().any()]
        if found.kind in ("text", "empty") or len(found.levels) + found.rare == 1 or _NO_NAME.fullmatch(column):
            left.append(column)
        elif wide or (asked[:1] == waves[:1] and (frame.groupby(ids)[column].nunique() <= 1).all()):
            covariates[column] = found
        else:
            outcomes[column] = (found, asked or _WAVES)
    return {name: one for name, one in outcomes.items() if name not in left}, covariates, left


def _keys(names: list[str], columns: list[str]) -> dict[str, str]:
    """What each variable is called in the study file, where a key has no blanks and begins with a letter."""
    keys: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^\w-]+", "_", name).strip("_-")
        key = plain if plain[:1].isalpha() else f"v{plain}"
        used = {*keys.values(), *(c for c in columns if c != name)}
        keys[name] = next(k for k in (key, *(f"{key}_{i}" for i in range(2, len(names) + 3))) if k not in used)
    return keys


def _waves_in_names(columns: list[str]) -> tuple[dict[str, dict[str, str]], str]:
    """Stem -> wave -> column, of a wide file, and its pattern; nothing where no stem is there at two waves.

    Columns that end in a bare number may be the items of a questionnaire: names of moments go before them.
    """
    best: tuple[tuple[bool, int], dict[str, dict[str, str]], str] = ((False, 0), {}, "")
    for regexes, form in ((LAST, "{outcome}%s{wave}"), (FIRST, "{wave}%s{outcome}")):
        found: dict[tuple[str, bool], dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
        spelled: dict[str, str] = {}
        for column in columns:
            if match := next((m for regex in regexes if (m := regex.fullmatch(column))), None):
                stem, end = (match[1], match[3]) if regexes is LAST else (match[3], match[1])
                if _DATE.fullmatch(stem):  # when something began and ended
                    continue
                end = spelled.setdefault(end.casefold(), end)
                found[match[2], not end.isdigit()][stem][end] = column
        for (separator, named), stems in found.items():
            several = {stem: dict(ends) for stem, ends in stems.items() if len(ends) > 1}
            size = (named, sum(map(len, several.values())))
            if several and (named or len(several) > 1) and size > best[0]:
                waves, _ = in_order(end for ends in several.values() for end in ends)
                once = {s: dict(ends) for s, ends in stems.items() if named and {*ends} <= {*waves[1:]}}
                best = (size, several | once, form % separator)
    return best[1], best[2]


def _named(frame: pd.DataFrame, role: str) -> str | None:
    """The first column whose name says that it is this; a group has two values or, where none has, some more."""
    # groep[1] of LimeSurvey
    named = [str(c) for c in frame if re.fullmatch(_NAMES[role], re.sub(r"\[\w*\]$", "", str(c)), re.IGNORECASE)]
    if role == "group":
        counts = {column: frame[column].value_counts() for column in named}
        several = [c for c in named if 2 < len(counts[c]) <= _MOST_ARMS and counts[c].min() >= SHARED]
        named = [c for c in named if len(counts[c]) == 2] or several
    return named[0] if named else None


def _column(raw: RawTable, frame: pd.DataFrame, columns: list[str]) -> _Column:
    """What the values of a variable are."""
    labels: dict[Code, str] = {}
    missing: list[Code] = []
    label = next((raw.dictionary.labels[c] for c in columns if c in raw.dictionary.labels), "")
    if len(columns) > 1:  # of a variable, not of its first wave
        label = IN_LABEL.sub("", label)
    for column in columns:
        labels |= {c: str(t) for k, t in raw.dictionary.values.get(column, {}).items() if (c := code_of(k)) is not None}
        missing += [low for low, high in raw.dictionary.missing.get(column, ()) if low == high]
    values = pd.concat([frame[column] for column in columns], ignore_index=True)
    if values.dtype.kind in "mM" or pd.api.types.infer_dtype(values, skipna=True) in ("date", "datetime"):
        return _Column("text", label=label)
    distinct = Distinct.of(values)
    counts: dict[Code, int] = defaultdict(int)
    written: dict[Code, Code] = {}
    for value, count in zip(distinct.values, distinct.counts, strict=True):
        code = _number_or_word(value)
        if code is None or (isinstance(code, str) and code in (*WORDS, "na", "")):
            continue
        counts[code] += count
        written.setdefault(code, value.strip() if isinstance(value, str) and isinstance(code, str) else code)
    declared = {same_code(code) for code in missing}
    said_so = {c for c in counts if isinstance(c, str) and means_no_answer(c)}
    unasked: list[Code] = [c for c in counts if c in said_so - declared and (c in NO_ANSWER or counts[c] >= SHARED)]
    numbers = np.array(sorted(c for c in counts if isinstance(c, float) and c not in declared))
    if len(numbers):
        often = np.array([counts[float(n)] for n in numbers])
        unasked += suspects(numbers, often, labels, None)
    answers = {c: n for c, n in counts.items() if c not in {*declared, *unasked, *said_so}}
    said = tuple(written[c] for c in unasked)
    return _described(answers, written, labels, said, label, f"{columns[0]} {label}")


def _number_or_word(value: Any) -> Code | None:
    code = code_of(value)
    if isinstance(code, str) and (form := shape(code)) is not None and form != "point or thousands":
        return number(code, form, ",")
    return code


def _described(
    answers: dict[Code, int], written: dict[Code, Code], labels: dict[Code, str], missing: tuple[Code, ...], label: str,
    named: str,
) -> _Column:  # fmt: skip
    if not answers:
        return _Column("empty", label=label, missing=missing)
    words = [c for c in answers if isinstance(c, str)]
    levels = sorted((c for c in answers if answers[c] >= SHARED), key=lambda c: (isinstance(c, str), c))
    rare = len(answers) - len(levels)
    names = tuple(labels.get(c, "") for c in levels)
    column = partial(_Column, missing=missing, label=label)
    truths = [truth(same_code(labels.get(c, str(c)))) for c in answers]
    if set(answers) <= {0.0, 1.0} or (len(truths) == 2 and set(truths) == {0.0, 1.0}):
        return column("binary", tuple(levels), names, rare=rare)
    if words and len(words) == len(answers) and (scale := scale_of(words)) is not None:
        given = {plain(word): str(written[word]) for word in words}
        there = tuple(given[word] for word in scale if word in given)
        whole_scale = tuple(given.get(word, word) for word in scale)
        return column("words", there, scale=whole_scale)
    if words:
        kind = "words" if levels and len(answers) <= _MOST_LEVELS else "text"
        spelled = tuple(written[c] for c in levels)
        return column(kind, spelled if kind == "words" else (), rare=rare)
    numbers = [float(c) for c in answers]
    whole = all(n.is_integer() for n in numbers)
    if whole and len(answers) <= _MOST_LEVELS and all(names) and names:
        return column("ordinal", tuple(levels), names, rare=rare)
    limits = _round_limits(min(numbers), max(numbers))
    if whole and min(numbers) >= 0 and max(numbers) > 2 and _COUNTED.search(named):
        return column("count", limits=(0.0, limits[1]))
    if whole and len(answers) <= _MOST_LEVELS and not rare:
        limits = (min(numbers), max(numbers))
        return column("linear", tuple(levels), limits=limits)
    return column("linear", limits=limits)


def _round_limits(low: float, high: float) -> tuple[float, float]:
    """Limits of one digit around the values, so that they are nobody's."""

    def above(x: float) -> float:
        if x <= 0:
            return 0.0
        size = 10.0 ** math.floor(math.log10(x))
        return next(step * size for step in (1, 2, 5, 10, 20) if step * size > x)

    lowest, highest = 0.0 - above(-low), above(high)
    return (lowest, highest) if lowest < highest else (lowest, lowest + 1)


def _toml(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _head(key: str) -> list[str]:
    plain = re.sub(r"\W+", "_", key).strip("_").lower() or "study"
    return [
        f"# {_said('made')}",
        "schema = 1", "", "[study]", f"key = {_toml(plain)}", f"title = {_toml(key)}", "",
    ]  # fmt: skip


def _design(
    raw: RawTable, frame: pd.DataFrame, person: str, names: dict[str, str | None], waves: list[str], ordered: bool
) -> list[str]:
    group = names["group"]
    codes, labels = ["treated", "control"], ["", ""]
    if group is not None:
        counts = frame[group].dropna().value_counts()
        codes = [shown(c) if isinstance(c := code_of(v), float) else str(v).strip() for v in counts.index]
        known = {shown(c): t for k, t in raw.dictionary.values.get(group, {}).items() if (c := code_of(k)) is not None}
        labels = [str(known.get(code, code if isinstance(code_of(code), str) else "")) for code in codes]
        told = [label or code for code, label in zip(codes, labels, strict=True)]
        likely = [bool(_INTERVENTION.search(one)) - bool(_COMPARISON.search(one)) for one in told]
        if len(codes) > 2:  # the comparison, as far as its word tells, stands second
            places = sorted(range(len(codes)), key=lambda place: -likely[place])
            places = [places[0], places[-1], *places[1:-1]]
            codes, labels = ([own[place] for place in places] for own in (codes, labels))
        elif likely[1] > likely[0] or (likely[0] == likely[1] and codes[1] == "1"):
            codes, labels = codes[::-1], labels[::-1]
    known_waves = waves if len(waves) > 1 else _WAVES
    after = [months(wave) for wave in known_waves]
    if any(one is None for one in after) or len({*after}) < len(after):
        after = [6.0 * i for i in range(len(known_waves))]
    moments = ", ".join(f"{{ key = {_toml(w)}, months = {m:g} }}" for w, m in zip(known_waves, after, strict=True))
    no_id = "" if names["id"] else _ask("first_column")
    no_wave = "" if waves else _ask("no_wave")
    lines = ["[design]", f"id = {_toml(person)}{no_id}", f"wave = {_toml(names['wave'] or 'wave')}{no_wave}"]
    lines += [f"group = {_toml(group or 'group')}" + ("" if group else _ask("no_group"))]
    lines += [
        f"intervention = {_toml(codes[0])}{_ask('intervention')}",
        f"comparison = {_toml(codes[1])}",
    ]
    arms = [f"{_toml(code)} = {_toml(label or code)}" for code, label in zip(codes[2:], labels[2:], strict=True)]
    lines += [f"further_interventions = {{ {', '.join(arms)} }}{_ask('arms')}"] if arms else []
    for name, label in zip(("intervention", "comparison"), labels, strict=False):
        lines += [f"{name}_label = {_toml(label)}"] if label else []
    lines += [f"site = {_toml(names['site'])}"] if names["site"] else []
    lines += [f"waves = [{moments}]{_ask('months' if ordered else 'months_and_order')}"]
    lines += [
        f"baseline = {_toml(known_waves[0])}" + ("" if ordered else _ask("baseline")),
        f"endpoint = {_toml(known_waves[-1])}{_ask('endpoint')}",
        "",
    ]
    return lines


def _files(wide: dict[str, dict[str, str]], pattern: str, columns: dict[str, str], hints: Hints) -> list[str]:
    lines = ['layout = "wide"', f"pattern = {_toml(pattern)}"] if wide else []
    given = ", ".join(f"{_toml(column)} = {_toml(name)}" for column, name in columns.items())
    lines += [f"columns = {{ {given} }}"] if columns else []
    lines += [f"sheet = {_toml(hints.sheet)}"] if hints.sheet is not None else []
    lines += [f"header_row = {hints.header_row}"] if hints.header_row is not None else []
    return ["[files]", *lines, ""] if lines else []


def _missing(found: _Column) -> list[str]:
    return [f"missing = {_toml(found.missing)}{_ask('missing')}"] if found.missing else []


def _outcome(key: str, name: str, found: _Column, waves: list[str]) -> list[str]:
    kind = {"words": "ordinal"}.get(found.kind, found.kind)
    asked = _ask("count") if kind == "count" else ""
    lines = [f"[outcomes.{key}]", f"label = {_toml(found.label or name)}", f'kind = "{kind}"{asked}']
    lines += [f"waves = {_toml(waves)}", f'better = "higher"{_ask("better")}']
    if found.kind == "words":
        ordered = found.scale or found.levels
        order = _ask("answers") if len(found.levels) < len(ordered) else ""
        order = order if found.scale else _ask("order", "# ??")
        lines += [] if found.scale and len(ordered) > 2 else ['role = "descriptive"']
        lines += [f"range = [1, {len(ordered)}]"]
        lines += [f"level_labels = {_toml(list(map(shown, ordered)))}{order}"]
    elif found.kind == "ordinal":
        numbers = [float(level) for level in found.levels]
        lines += [] if _is_scale(found.labels) else ['role = "descriptive"']
        lines += [f"range = [{min(numbers):g}, {max(numbers):g}]"]
        if len(numbers) == max(numbers) - min(numbers) + 1:
            lines += [f"level_labels = {_toml(found.labels)}"]
    elif found.limits is not None:
        lines += [f"range = [{found.limits[0]:g}, {found.limits[1]:g}]{_ask('range')}"]
    if 'role = "descriptive"' not in lines:
        lines += [_ask("expected").strip()]
    if found.rare and found.kind in ("words", "ordinal"):
        lines += [_ask("rare", n=found.rare, least=SHARED).strip()]
    return [*lines, *_missing(found), ""]


def _is_scale(labels: tuple[str, ...]) -> bool:
    """Whether labels are three or more answers of a known scale in its order, so that their numbers are ordered."""
    words = [plain(label) for label in labels]
    scale = scale_of(words) or ()
    places = [scale.index(word) for word in words if word in scale]
    return len(words) > 2 and len(places) == len(words) and places == sorted(set(places))


def _covariate(key: str, name: str, found: _Column) -> list[str]:
    lines = [f"[covariates.{key}]", f"label = {_toml(found.label or name)}"]
    if found.kind in ("linear", "count") and len(found.levels) != 2:
        limits = found.limits or (0.0, 1.0)
        lines += [
            'kind = "continuous"',
            f"range = [{limits[0]:g}, {limits[1]:g}]{_ask('range')}",
        ]
    else:
        levels = list(map(shown, found.levels))
        kind = "ordered" if (found.kind == "ordinal" or found.scale) and len(levels) > 2 else "categorical"
        lines += [f'kind = "{kind}"', f"levels = {_toml(levels)}"]
        if found.labels and all(found.labels):
            lines += [f"level_labels = {_toml(found.labels)}"]
        if found.rare:
            lines += [_ask("rare_levels", n=found.rare, least=SHARED).strip()]
    return [*lines, *_missing(found), ""]


def _tied(values: pd.Series, group: pd.Series) -> bool:
    """Whether a characteristic all but tells the group, as what belongs to the intervention does (Cramér's V > 0.5)."""
    table = pd.crosstab(values, group).to_numpy(dtype=float)
    if table.shape[1] < 2 or not 2 <= table.shape[0] <= _MOST_LEVELS:
        return False
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    chi_squared = ((table - expected) ** 2 / expected).sum()
    return bool(chi_squared / table.sum() > 0.25)


def _models(covariates: dict[str, _Column], tied: list[str]) -> list[str]:
    usable = [name for name, found in covariates.items() if found.kind in ("linear", "count") or len(found.levels) > 1]
    controls = [name for name in usable if name not in tied][:5]
    ladder = [controls, []] if controls else [[]]
    lines = [
        "[models]",
        f"controls = {_toml(controls)}{_ask('controls')}",
    ]
    lines += [_ask("tied", columns=", ".join(tied)).strip()] if tied else []
    return [*lines, f"ladder = {_toml(ladder)}", ""]
