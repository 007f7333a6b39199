"""Study files as they might come, good and bad, from Hypothesis: odd keys, labels, codes, outcomes of every kind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

WAVES = (
    ("T0", "T1", "T2"), ("0", "1", "2"), ("1", "02", "3"), ("t 0", "t,1", 't"2'), ("nulmeting", "één", "twee"),
    ("b_c", "c", "T0"), ("nan", "NA", "TRUE"), ("T0", "t0", "T-0"), ("A", "B"), ("T0", "T1", "T2", "T3", "T4"),
    ("T0", "T1", "T2", "T3"), ("[b]", "[/b]", "[red]"), ("1e0", "1", "1.0"), ("all", "mean", "n"), ("-1", "0", "1"),
    ("T+0", "T+0+1", "1"),
)  # fmt: skip
DESIGNS = (
    ("id", "wave", "group", None), ("person", "round", "arm", "town"), ("index", "level_0", "value", "0"),
    (".id", "nan", "statistic", None), ("variable", "golf 1", "groep;x", "plaats,y"), ("0", "1", "2", None),
    ("Ünique", "set", "name", "site"), ("[id]", "[wave]", "[group]", None),
)  # fmt: skip
GROUPS = (
    ("treated", "control"), ("1", "0"), ("True", "False"), ("t0", "T0"), ("é", "è"), ("1", "2"), ("01", "1"),
    ("[red]i[/red]", "[bold]"), ("all", "nan"), ("TRUE", "FALSE"), ("yes", "no"), ("2", "10"),
)  # fmt: skip
KEYS = (
    "work", "score", "a", "a_b", "x-y", "größe", "T0", "n", "value", "estimate", "term", "m", "imp", "size", "sum",
    "wave", "group", "id", "index", "p_value", "a_b_c", "score_T0", "variable", "count",
)  # fmt: skip
LEVELS = (
    ("low", "high"), ("1", "2", "3"), ("01", "02"), ("NA", "yes"), ("TRUE", "FALSE"), ("a,b", "c;d", 'e"f'),
    ("[red]", "[/red]"), ("nan", "inf"), ("<4", "4-18", "none"), ("0", "1"), ("É", "é"), ("1.5", "1,5"),
)  # fmt: skip
LABELS = ("Label", "[red]not red[/red]", "Ünïcode “x”", "a & b < c | d_%$#", "[/]", "  ", "=1+1", "x" * 90, "\\n {} %s")


@dataclass
class Column:
    """What a column of the survey means."""

    kind: str  # binary, linear, ordinal, categorical, continuous
    levels: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    integer: bool = False
    waves: tuple[str, ...] = ()
    parent: str | None = None


def toml(raw: dict[str, Any]) -> str:
    """A TOML document: plain keys first, then sections."""
    lines: list[str] = []
    _section(raw, (), lines)
    return "\n".join(lines) + "\n"


def _section(table: dict[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    plain = {k: v for k, v in table.items() if not (isinstance(v, dict) and len(path) < 2)}
    if path and (plain or not table):
        lines.append("[" + ".".join(map(_quoted, path)) + "]")
    lines.extend(f"{_quoted(k)} = {_value(v)}" for k, v in plain.items())
    for key, value in table.items():
        if key not in plain:
            _section(value, (*path, key), lines)


def _quoted(key: str) -> str:
    return key if key and all(c.isascii() and (c.isalnum() or c in "_-") for c in key) else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_quoted(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


@st.composite
def studies(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Column]]:
    """A study file as a table, most often a valid one, and its columns."""
    waves = draw(st.sampled_from(WAVES))
    identifier, wave, group, site = draw(st.sampled_from(DESIGNS))
    treated, control = draw(st.sampled_from(GROUPS))
    columns: dict[str, Column] = {}
    step = draw(st.sampled_from([6, 0.5, 12]))
    design = {
        "id": identifier, "wave": wave, "group": group, "intervention": treated, "comparison": control,
        "waves": [{"key": key, "months": i * step} for i, key in enumerate(waves)],
        "baseline": waves[0], "endpoint": waves[-1],
    }  # fmt: skip
    if site is not None:
        design["site"] = site
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=2, max_size=6, unique=True))
    keys = [k for k in keys if k not in (identifier, wave, group, site)] or ["only"]
    split = draw(st.integers(1, len(keys)))
    outcomes = {key: draw(_outcome(key, waves, columns, i)) for i, key in enumerate(keys[:split])}
    _derived(draw, outcomes, columns, waves)
    covariates = {key: draw(_covariate(key, columns)) for key in keys[split:]}
    chosen = draw(st.lists(st.sampled_from(sorted(covariates)), unique=True)) if covariates else []
    raw = {
        "schema": 1,
        "study": {"key": "any", "title": draw(st.sampled_from(LABELS))},
        "design": design,
        "hypotheses": {"H1": {"label": draw(st.sampled_from(LABELS))}},
        "outcomes": outcomes,
        "covariates": covariates,
        "models": {"controls": chosen, "ladder": draw(st.sampled_from([[chosen, []], [[]], [chosen]]))},
        "imputation": {
            "m": draw(st.sampled_from([2, 2, 3])), "iterations": draw(st.integers(1, 2)),
            "seed": draw(st.integers(0, 3)), "donors": draw(st.sampled_from([1, 5])),
            "method": draw(st.sampled_from(["pmm", "pmm", "pmm", "norm", "norm"])),
            "group_interactions": draw(st.booleans()),
        },
    }  # fmt: skip
    baseline = [k for k, c in columns.items() if c.kind in ("binary", "linear") and waves[0] in c.waves]
    if baseline and draw(st.booleans()):
        rule = f"{baseline[0]}_{waves[0]} != 1"
        raw["robustness"] = {"subsets": {"part": {"label": draw(st.sampled_from(LABELS)), "where": rule}}}
    return raw, columns


@st.composite
def _outcome(draw: st.DrawFn, key: str, waves: tuple[str, ...], columns: dict[str, Column], i: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(["binary", "linear", "linear", "binary", "ordinal"]))
    missing = draw(st.sampled_from([0, 0, 0, 1, 2]))  # waves at which it was not asked, the endpoint apart
    asked = waves[: len(waves) - 1 - missing][: len(waves)] + waves[-1:] if len(waves) > missing else waves
    asked = asked if missing != 1 else waves[1:]
    out: dict[str, Any] = {"label": draw(st.sampled_from(LABELS)), "kind": kind, "waves": list(asked)}
    spec = Column(kind, waves=tuple(asked))
    if kind == "ordinal":
        out |= {"role": "descriptive", "range": [0, 3]}
        spec.range = (0.0, 3.0)
    if kind == "linear" and draw(st.booleans()):
        spec.range = draw(st.sampled_from([(0.0, 10.0), (-5.0, 40000.0), (0.0, 1.0), (-1e308, 1e308)]))
        out["range"] = list(spec.range)
        spec.integer = out["integer"] = draw(st.booleans())
    if draw(st.booleans()):
        out |= {"hypothesis": "H1", "expected": draw(st.sampled_from(["increase", "decrease"]))}
    if draw(st.booleans()):
        out["better"] = draw(st.sampled_from(["higher", "lower"]))
    if draw(st.integers(0, 4)) == 0:
        methods = {"binary": ["logreg", "pmm"], "linear": ["norm", "pmm"], "ordinal": ["polr", "polyreg", "pmm"]}
        out["impute_method"] = draw(st.sampled_from(methods[kind]))
    parents = [k for k, c in columns.items() if c.kind == "binary" and c.parent is None and set(asked) <= set(c.waves)]
    if parents and kind != "ordinal" and draw(st.integers(0, 3)) == 0:
        out["conditional_on"] = spec.parent = parents[0]
    columns[key] = spec
    return out


def _derived(draw: st.DrawFn, outcomes: dict[str, Any], columns: dict[str, Column], waves: tuple[str, ...]) -> None:
    sources = [k for k, c in columns.items() if c.kind == "linear"]
    if not sources or draw(st.integers(0, 2)):
        return
    source = columns[sources[0]]
    rule = draw(st.sampled_from(["at_least", "at_most", "equals", "rise", "fall", "change", "classes"]))
    derive: dict[str, Any] = {"source": sources[0], "rule": rule}
    kind, extra = "binary", {}
    if rule in ("at_least", "at_most", "equals"):
        derive["value"] = draw(st.sampled_from([0, 1, 2.5, 31337.125]))
    elif rule == "classes":
        derive["cutoffs"] = [1, 2.5]
        kind, extra = "ordinal", {"role": "descriptive", "range": [0, 2]}
    else:
        derive["since"] = source.waves[0]
        kind = "linear" if rule == "change" else "binary"
    asked = list(source.waves) if rule not in ("rise", "fall", "change") else [w for w in source.waves[1:]]
    if asked:
        outcomes["drv"] = {"label": "Derived", "kind": kind, "waves": asked, "derive": derive, **extra}


@st.composite
def _covariate(draw: st.DrawFn, key: str, columns: dict[str, Column]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["categorical", "ordered", "continuous"]))
    out: dict[str, Any] = {"label": draw(st.sampled_from(LABELS)), "kind": kind}
    spec = Column(kind)
    if kind == "continuous":
        if draw(st.booleans()):
            spec.range = (0.0, 100.0)
            out["range"] = [0, 100]
    else:
        spec.levels = draw(st.sampled_from(LEVELS))
        out["levels"] = list(spec.levels)
        if draw(st.booleans()):
            out["reference"] = spec.levels[-1]
        if len(spec.levels) > 2 and draw(st.booleans()):
            out["collapse"] = {"both": list(spec.levels[:2])}
    columns[key] = spec
    return out


ODD_VALUES = (
    "nan", "inf", "-inf", "-1", "0", "1e400", "99999999999999999999", "true", '""', '"another"', "[]", "{}", "[[]]",
    "2020-01-01", '"\\u0000"', "1.5", '[""]', '["T0"]', "[nan, inf]", "[0, inf]", "07:00:00", "[[[]]]", '{ nl = "x" }',
    '" T0 "', "-0.0", "9223372036854775807", '"score"', '"work"', "[1, 1]", '{ source = "drv", rule = "equals" }',
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """A study file with one or two things wrong."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(lines) - 1))
        how = draw(
            st.sampled_from(["value", "value", "value", "delete", "twice", "key", "nul", "cut", "move", "inside"])
        )
        line = lines[at]
        key, equals, rest = line.partition(" = ")
        if how == "value" and equals:
            lines[at] = f"{key} = {draw(st.sampled_from(ODD_VALUES))}"
        elif how == "inside" and equals:
            parts = rest.split(",")
            parts[draw(st.integers(0, len(parts) - 1))] = draw(st.sampled_from(ODD_VALUES))
            lines[at] = f"{key} = {','.join(parts)}"
        elif how == "delete":
            del lines[at]
        elif how == "twice":
            lines.insert(at, line)
        elif how == "key" and equals:
            lines[at] = f"{key}x = {rest}"
        elif how == "nul":
            lines[at] = line + "\0"
        elif how == "cut":
            lines[at] = line[: len(line) // 2]
        elif how == "move":
            lines.append(lines.pop(at))
        if not lines:
            break
    return "\n".join(lines)
