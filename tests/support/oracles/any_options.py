"""Command lines as they might be typed, good and bad, from Hypothesis: options of the commands themselves."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from hypothesis import strategies as st

from dnt_cli.cli.app import app, load_commands
from dnt_cli.study import Study

load_commands()
_ROOT: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = {
    f"{prefix}{name}": command
    for prefix, group in (("", _ROOT), ("study ", _ROOT.commands["study"]))
    for name, command in group.commands.items()
    if not hasattr(command, "commands") and name != "polis"
}
FORMATS = ("table", "csv", "json", "md", "tex", "html")
# Not more than an option: what they decide must not be seen in the stage file.
TALK = ("--quiet", "--verbose", "--color", "--debug", "--jobs")
NEUTRAL = (*TALK, "--lang", "--format", "--json", "--green", "--figures", "--force")

TESTED = ("score", "work", "hours", "late", "high", "rise", "gain", "work_register", "wage_register")
TRENDS = ("score", "work", "hours", "high", "work_register", "wage_register")
ODD_KEYS = (
    "", ",", " ", "zzz", "score,zzz", "SCORE", "[red]", "*", "score;work", "score T2", "mood", "score_T2", "é",
    "a" * 400, "score,,", "'score'", "\t", "score\nwork", "-", "--", "%s", "{}", "\\",
)  # fmt: skip
WHOLE = ("0", "1", "2", "3", "-1", "99999999999999999999", "2147483648", "4294967296", "1.5", "1e2", "", "x", "²", "٣",
         "+2", " 2", "0x2", "1_0", "nan")  # fmt: skip
NUMBERS = ("0.95", "0", "1", "0.5", "0.999", "nan", "inf", "-inf", "-1", "1e-300", "0.9999999", "1e400", "", "95%",
           "0,95", ".9", "5e-1", "x")  # fmt: skip
CONTROLS = ("", "age", "age,school", "place,school,born,age", "age,age", " age ", "1", "2", "3")
ODD_CONTROLS = ("0", "4", "-1", "zzz", "score", "score_T0", "group", "wave", "town", "٣", "²", "age,zzz", "1,2", "1.0",
                "99999999999999999999999", "AGE", "work", ",", "[]")  # fmt: skip
CHECKS = tuple("abcdefghijklmn")
OUTPUTS = ("x.parquet", "x.parquet", "x.parquet", "-", "x", "with space.parquet", "größe 名.parquet", "X.PARQUET",
           "[red].parquet", "x.csv", "folder/x.parquet", "./x.parquet", "x.y.z")  # fmt: skip
ODD_OUTPUTS = (
    "", "folder", "folder/", ".", "nowhere/x.parquet", "foreign.txt", "survey.csv", "survey.parquet", "i.parquet",
    "t.parquet", "study.toml", "x.parquet/", "a" * 300 + ".parquet", "foreign.txt/x.parquet", " ", "--", "%s",
    "x\nx.parquet", "~/x.parquet", "\udce9.parquet", "link.parquet",
)  # fmt: skip
ODD_SOURCES = (
    "", "folder", "missing.parquet", "foreign.txt", "study.toml", "-", "empty.csv", "survey.csv", "survey.parquet",
    "i.parquet", "i1.parquet", "long.csv", "t.parquet", "l.parquet", "r.parquet", "d.parquet", "g.csv", "answers.csv",
    "answers.parquet", "nowhere/x", ".", "a" * 300, "*.parquet", "survey.xlsx", "survey.sav", "\udce9", " ", "x\ny",
)  # fmt: skip
FOLDERS = ("figures", "folder", "größe 名", "a/b/c", "figures/", ".", "with space")
ODD_FOLDERS = ("", "x.parquet", "x.parquet/a", "foreign.txt", "foreign.txt/x", " ", "a" * 300, "\udce9", "-")
SOURCES = {
    "score": ("answers.csv", "answers.parquet"),
    "impute": ("survey.csv", "survey.parquet", "survey.parquet", "survey.sav", "survey.xlsx", "i.parquet"),
    "fit-t3": ("i.parquet", "i.parquet", "i.parquet", "i.parquet", "long.csv"),
    "fit-longitudinal": ("i.parquet", "i.parquet", "i.parquet", "i.parquet", "long.csv"),
    "robustness": ("i.parquet", "i.parquet", "i.parquet", "i.parquet", "long.csv"),
    "describe": ("survey.csv", "survey.parquet"),
    "convert": ("survey.csv", "survey.parquet", "i.parquet", "t.parquet", "d.parquet", "long.csv", "answers.csv",
                "answers.parquet", "survey.sav", "survey.xlsx", "r.parquet"),
    "show": ("t.parquet", "l.parquet", "r.parquet", "d.parquet", "i.parquet", "i1.parquet"),
    "info": ("t.parquet", "l.parquet", "r.parquet", "d.parquet", "i.parquet", "survey.parquet", "answers.parquet"),
    "diff": ("t.parquet", "l.parquet", "r.parquet", "d.parquet", "i.parquet", "i1.parquet", "survey.parquet"),
}  # fmt: skip
FIGURES = ("x.svg", "x.png", "x.SVG", "with space.png", "größe 名.svg", "folder/x.png")
ODD_FIGURES = ("", "x", "x.pdf", "folder", "nowhere/x.svg", ".svg", "svg", "foreign.txt", "t.parquet", "x.svg/", "-")


@dataclass(frozen=True)
class Typed:
    """A command line: the command, its arguments, and its options in the order typed; None is the value of a flag."""

    command: str
    sources: tuple[str, ...]
    options: tuple[tuple[str, str | None], ...]
    words: tuple[str, ...]

    def last(self, name: str) -> str | None:
        """The value of an option that counts; an empty text for a flag."""
        values = [value or "" for option, value in self.options if option == name]
        return values[-1] if values else None

    def without(self, *names: str) -> tuple[str, ...]:
        """The words without some options, in a plain order."""
        kept = [part for name, value in self.options if name not in names for part in _plain(name, value)]
        return (*self.command.split(), *kept, "--", *self.sources)


def _plain(name: str, value: str | None) -> tuple[str, ...]:
    return (name,) if value is None else (name, value)


def parameters(command: str) -> dict[str, Any]:
    """The options of a command by their longest name."""
    found = [p for p in COMMANDS[command].params if p.param_type_name == "option"]
    return {next((o for o in p.opts if o.startswith("--")), p.opts[0]): p for p in found}


# --- values ----------------------------------------------------------------------------------------------------------


def _keys(command: str) -> st.SearchStrategy[str]:
    """Some of the outcomes, with commas and now and then spaces between, and perhaps one twice."""
    joined = st.sampled_from([",", ",", ", "])
    chosen = st.lists(st.sampled_from(TESTED if command == "fit-t3" else TRENDS), min_size=1, max_size=3)
    return st.tuples(joined, chosen).map(lambda p: p[0].join(p[1]))


def value(command: str, name: str, parameter: Any, *, sound: bool) -> st.SearchStrategy[str]:
    """A value of an option: one that should do, or one that might not."""
    annotation = parameter.type_descriptor.annotation
    own: dict[str, tuple[Any, Any]] = {
        "--output": (_outputs(command), ODD_OUTPUTS),
        "--outcomes": (_keys(command), ODD_KEYS),
        "--controls": (CONTROLS[: 6 if command == "fit-t3" else None], ODD_CONTROLS),
        "--checks": (st.lists(st.sampled_from(CHECKS), min_size=1, max_size=3).map(",".join), (*ODD_KEYS, "A", "ab")),
        "--set": (settings(sound=True), settings(sound=False)),
        "-m": (("2", "3", "4", "5"), ("auto", *WHOLE)),
        "--iterations": (("1", "2", "3"), WHOLE),
        "--max-predictors": (("1", "2", "5", "99999999999999999999"), WHOLE),
        "--precision": (("0.05", "0.2", "0.5"), NUMBERS),
        "--seed": (("0", "1", "7", "4294967296", "99999999999999999999"), WHOLE),
        "--jobs": (("1", "1", "1", "2", "0"), ("1.5", "-1", "", "x")),
        "--scheduler": (("nonsense",), ("", "tcp://127.0.0.1:9", "tcp://", "http://[", "-1")),
        "--level": (("0.5", "0.95", "0.999", "0.8"), NUMBERS),
        "--nagq": (("1", "3", "11", "25"), WHOLE),
        "--cross-check": (("0", "1"), WHOLE[4:5] + WHOLE[8:]),
        "--study": (("study.toml",), ("dnt", *ODD_SOURCES)),
        "--register": (("g.csv",), ODD_SOURCES),
        "--reference": (("populations.csv",), ODD_SOURCES),
        "--also": (("extra_*", "extra_a", "extra_a,extra_b", "*", "score"), ("[", *ODD_KEYS)),
        "--figures": (FOLDERS, ODD_FOLDERS),
        "--figure": (FIGURES, ODD_FIGURES),
        "--table": (("fits", "trace", "events", "models", "tipping"), ("labels", "level", "left_out", *ODD_KEYS)),
        "--like": (("dnt",), ODD_KEYS),
    }  # fmt: skip
    if name in own:
        good, odd = own[name]
    elif get_origin(annotation) is Literal:
        good = get_args(annotation)
        odd = (good[0].upper(), good[0][:-1], "", f" {good[0]}", "zzz", "nan", "[red]")
    elif annotation is int:
        good, odd = ("0", "1", "2"), WHOLE
    else:
        good, odd = NUMBERS[:1], NUMBERS
    drawn = good if sound else odd
    return drawn if isinstance(drawn, st.SearchStrategy) else st.sampled_from(drawn)


def _outputs(command: str) -> tuple[str, ...]:
    if command == "convert":
        return ("x.csv", "x.xlsx", "x.sav", "x.dta", "x.parquet", "X.CSV", "größe 名.csv")
    return ("new.toml", "x", "größe 名.toml") if command == "study init" else OUTPUTS


# --- settings of the study file --------------------------------------------------------------------------------------

_NAMES = {"outcomes": ("score", "work", "late", "high", "mood", "work_register", "zzz"),
          "covariates": ("age", "school", "place", "zzz"), "hypotheses": ("H1", "zzz"), "subsets": ("part", "zzz"),
          "instruments": ("gse", "zzz"), "files": ("zzz",), "collapse": ("both",), "wave_codes": ("1",),
          "columns": ("a",)}  # fmt: skip


def harvested(kind: Any = Study, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every key of a study file, with what it holds."""
    hints = get_type_hints(kind)
    for spec in fields(kind):
        if not path and spec.name in ("text", "overrides"):
            continue
        own = (*path, spec.name) if path or spec.name not in ("key", "title", "synthetic") else ("study", spec.name)
        hint = hints[spec.name]
        inner = [a for a in (hint, *get_args(hint)) if is_dataclass(a) and isinstance(a, type)]
        yield ".".join(own), hint
        if get_origin(hint) is dict:
            for name in _NAMES.get(spec.name, ("zzz",)):
                if inner:
                    yield from harvested(inner[0], (*own, name))
                else:
                    yield ".".join((*own, name)), get_args(hint)[1]
        elif inner and get_origin(hint) is not tuple:
            yield from harvested(inner[0], own)


KEYS = tuple(dict(harvested()).items())
# What an analyst would set; every value is one that the study file allows, or nearly.
SETTINGS: dict[str, tuple[str, ...]] = {
    "imputation.m": ("2", "3"), "imputation.iterations": ("1", "3"), "imputation.donors": ("1", "3", "5", "99"),
    "imputation.max_predictors": ("1", "4", "99"), "imputation.min_correlation": ("0", "0.3", "1", "1e-300", "1.0"),
    "imputation.seed": ("0", "7", "99999999999999999999"), "imputation.method": ("norm", "pmm", '"norm"', "forest"),
    "imputation.group_interactions": ("true", "false"), "imputation.exclude": ("[]", '["mood"]', '["born"]'),
    "models.controls": ("[]", '["age", "school"]', '["place"]'), "models.time": ("months", "wave"),
    "models.ladder": ("[[]]", '[["age"]]', '[["school", "place"], ["age"], []]'),
    "models.register_controls": ("[]", '["score_T0"]', '["age", "work_T0"]'),
    "models.register_covariates": ("observed", "imputed"), "models.register_trend": ("probability", "odds ratio"),
    "robustness.checks": ('["c"]', "[]", '["a", "h"]'), "robustness.deltas": ("[1]", "[0.1, 9]", "[1e-300]", "[1e300]"),
    "robustness.second_m": ("2", "3"), "robustness.weights": ("inverse", "overlap"),
    "robustness.sparse": ("1", "1e300", "inf"), "significance.strict": ("0.01", "1e-300", "0.1"),
    "significance.lenient": ("0.05", "0.999", "0.2"), "design.endpoint": ("T1", "T2"),
    "design.follow_up": ("T1", "T2"), "design.site": ("town",), "study.title": ("Title", '"[red]"', '""'),
    "study.synthetic": ("true", "false"), "outcomes.score.better": ("lower", "higher"),
    "outcomes.score.kind": ("linear",), "outcomes.work.endpoint": ("T1",), "outcomes.score.trend": ("false", "true"),
    "outcomes.work.adjust_for_baseline": ("false", "true"), "outcomes.work.role": ("descriptive",),
    "outcomes.score.impute_method": ("norm", "pmm"), "outcomes.high.derive.value": ("0", "52", "-1e300"),
    "outcomes.score.label": ('"x" ', "Label", '{ nl = "x", en = "y" }'), "covariates.age.range": ("[0, 200]",),
    "covariates.school.reference": ("high", "low"), "covariates.place.describe": ("false",),
    "robustness.subsets.part.where": (
        "work_T0 != 1", "age < 40", "place == north", "age < 0", "score_T0 > 50 and age > 1",
    ),
    "register.work_hours": ("1", "168"), "register.lag": ("-1",), "register.hours_rule": ("at_least",),
    "design.intervention_label": ('"x"', ""),
}  # fmt: skip
ODD_VALUES = (
    "", "nan", "inf", "-inf", "-1", "0", "1", "1.5", "1e400", "99999999999999999999", "true", '""', '"zzz"', "[]", "{}",
    "[[]]", "2020-01-01", "07:00:00", '[""]', '["T0"]', "[nan, inf]", "[0, inf]", "[1, 0]", '["age", "age"]', '" T0 "',
    "-0.0", '"score"', "work", "[1]", "[[1]]", '{ nl = "x" }', "T0", "1\n2", '["age"]', '["score"]', "x = 1",
    '["zzz"]', "age", '["a", "a"]', '["A"]', "0.5", "2", "[1e-320]", "1e-320", "[1, 1e308]", '"age < 1 or age > 2"',
    "zzz == 1", "score_T2 == 1", "score_T0 == nan", "score_T0 < inf", "place < north", "place == zzz", "=", "==",
)  # fmt: skip
ODD_SETTINGS = (
    "", "=", "imputation.m", "=5", "imputation=5", "imputation.=5", ".m=5", "imputation.m.m=5", "zzz=1", "zzz.zzz=1",
    "outcomes=1", "text=x", "overrides=[]", "schema=2", "schema=1", "study=1", "design.waves=[]", "imputation.zzz=1",
    'imputation."m"=2', " imputation . m = 2 ", "IMPUTATION.m=2", "m=2", "study.m=2", "study.imputation.m=2",
    "design.waves.key=T0", "outcomes.score=1", "key=x", "title=x", "é=1", "imputation.m==2",
)  # fmt: skip


def _fitting(hint: Any) -> tuple[str, ...]:
    """Values of the type that a key wants."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _fitting(next(a for a in arguments if a is not types.NoneType))
    if origin is Literal:
        return tuple(map(str, arguments))
    if origin is tuple:
        return ("[]", '["age"]', '["T0", "T2"]', "[0, 50]", "[1, 2]", '["low", "high"]')
    if origin is dict or is_dataclass(hint):
        return ("{}", '"x"', '{ nl = "x", en = "y" }')
    simple = {int: ("0", "1", "2"), float: ("0", "0.5", "12"), bool: ("true", "false")}
    return simple.get(hint, ("T0", "T1", "x", "score", "work", "group"))


@st.composite
def settings(draw: st.DrawFn, *, sound: bool) -> str:
    """`key=value` for `--set`."""
    if sound:
        key = draw(st.sampled_from(sorted(SETTINGS)))
        return f"{key}={draw(st.sampled_from(SETTINGS[key]))}"
    if draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(ODD_SETTINGS))
    often = [pair for pair in KEYS if pair[0] in SETTINGS]
    key, hint = draw(st.sampled_from(draw(st.sampled_from([KEYS, often]))))
    return f"{key}={draw(st.sampled_from(draw(st.sampled_from([_fitting(hint), ODD_VALUES]))))}"


# --- command lines ---------------------------------------------------------------------------------------------------

# One in so many lines with the option; others have it in one of four.
_RARE = {"--engine": 30, "--cross-check": 30, "--scheduler": 40, "--method": 8, "--figures": 12, "--figure": 6,
         "--format": 5, "--list": 15, "--extend": 6, "--study": 8, "--register": 4, "--debug": 10,
         "--json": 12}  # fmt: skip
_OFTEN = ("--output", "--set", "--outcomes", "--controls", "--checks")
# Commands by how much there is to try.
_WEIGHTS = {"impute": 6, "fit-t3": 6, "fit-longitudinal": 5, "robustness": 5, "describe": 4, "convert": 4, "score": 2,
            "show": 3, "info": 2, "diff": 2, "study check": 3, "study init": 2, "example": 1, "doctor": 0}  # fmt: skip


# What takes seconds: R, workers, figures, forests, and checks that impute again.
_SLOW_OPTIONS = {"--engine", "--cross-check", "--scheduler", "--figures", "--figure", "--jobs"}
_SLOW_VALUES = re.compile(r"forest|^(?=.*[aefi])[a-k,]+$|^auto$")
_SLOW = ("--method", "--checks", "-m", "--set")


@st.composite
def lines(draw: st.DrawFn, commands: tuple[str, ...] = (), *, quick: bool = False) -> Typed:
    """A command line: in most of them everything is sound, or one thing is not; `quick`: nothing that takes long."""
    weighted = [name for name, weight in _WEIGHTS.items() for _ in range(weight)]
    command = draw(st.sampled_from(commands or weighted))
    temper = draw(st.sampled_from(["sound"] * 5 + ["one odd"] * 4 + ["wild"]))
    known = {n: p for n, p in parameters(command).items() if not (quick and n in _SLOW_OPTIONS)}
    options: list[tuple[str, str | None]] = []
    for name, parameter in known.items():
        most = 1 if name in _OFTEN else _RARE.get(name, 3)
        for _ in range(draw(st.sampled_from([1, 1, 2, 3])) if name == "--set" else 1):
            if draw(st.integers(0, most)) == 0 or (name == "--output" and parameter.required):
                sound = temper != "wild" or draw(st.booleans())
                plain = None if parameter.is_flag else draw(value(command, name, parameter, sound=sound))
                options.append((name, plain))
    if command in ("example", "impute") and not any(name == "--output" for name, _ in options):
        options.append(("--output", draw(st.sampled_from(OUTPUTS))))
    sources = draw(_arguments(command, sound=temper == "sound" or draw(st.integers(0, 7)) > 0))
    options += _needed(command, sources, options) if temper != "wild" else []
    if temper == "one odd":
        _spoil(draw, command, known, options)
    if quick:
        options = [(n, text) for n, text in options if not (n in _SLOW and _SLOW_VALUES.search(text or ""))]
    options = list(draw(st.permutations(options)))
    return Typed(command, sources, tuple(options), draw(_written(command, known, options, sources)))


def _spoil(draw: st.DrawFn, command: str, known: dict[str, Any], options: list[tuple[str, str | None]]) -> None:
    """One option gets an odd value, or is given again with another."""
    # Waiting for a scheduler that does not answer takes five seconds.
    valued = [name for name, p in known.items() if not p.is_flag and (name != "--scheduler" or draw(st.booleans()))]
    if not valued:
        return
    name = draw(st.sampled_from(valued))
    odd = (name, draw(value(command, name, known[name], sound=draw(st.integers(0, 5)) == 0)))
    own = [i for i, (given, _) in enumerate(options) if given == name]
    if own and draw(st.integers(0, 3)):
        options[own[0]] = odd
    else:
        options.append(odd)


def _needed(
    command: str, sources: tuple[str, ...], options: list[tuple[str, str | None]]
) -> list[tuple[str, str | None]]:
    """The study, where a file does not carry it."""
    carried = all(source.endswith(".parquet") for source in sources)
    to_stage = command == "convert" and any((v or "").lower().endswith(".parquet") for _, v in options)
    given = any(name == "--study" for name, _ in options)
    takes = "--study" in parameters(command)
    study = "items.toml" if any(source.startswith("answers") for source in sources) else "study.toml"
    return [("--study", study)] if takes and not given and (not carried or to_stage) else []


@st.composite
def _arguments(draw: st.DrawFn, command: str, *, sound: bool) -> tuple[str, ...]:
    if command in ("example", "doctor", "study init"):
        return () if sound else draw(st.sampled_from([(), ("x",)]))
    if command == "study check":
        study = draw(st.sampled_from(("study.toml", "study.toml", "items.toml", "dnt") if sound else ODD_SOURCES))
        data = draw(st.sampled_from(("survey.csv", "survey.parquet", "answers.csv") if sound else ODD_SOURCES))
        return (study, data) if draw(st.booleans()) else (study,)
    if not sound:
        return tuple(draw(st.lists(st.sampled_from(ODD_SOURCES), min_size=0, max_size=3)))
    own = SOURCES[command]
    if command == "diff":
        first = draw(st.sampled_from(own))
        return first, draw(st.sampled_from([first, *own]))
    if command == "show" and draw(st.integers(0, 3)) == 0:
        return ("t.parquet", "l.parquet")
    return (draw(st.sampled_from(own)),)


@st.composite
def _written(
    draw: st.DrawFn, command: str, known: dict[str, Any], options: list[tuple[str, str | None]],
    sources: tuple[str, ...],
) -> tuple[str, ...]:  # fmt: skip
    """The words: long or short names, `--name value` or `--name=value`, arguments anywhere between."""
    parts: list[tuple[str, ...]] = []
    for name, text in options:
        names = [name] if name not in known else known[name].opts
        typed = draw(st.sampled_from(names))
        if text is None:
            parts.append((typed,))
        elif typed.startswith("--") and draw(st.booleans()):
            parts.append((f"{typed}={text}",))
        else:
            parts.append((typed, text))
    places = sorted(draw(st.integers(0, len(parts))) for _ in sources)
    for source, place in reversed(list(zip(sources, places, strict=True))):
        parts.insert(place, (source,))
    extra = draw(st.sampled_from([()] * 30 + [("--zzz",), ("--outcome", "score"), ("-z",), ("--set",), ("--",)]))
    return (*command.split(), *(word for part in parts for word in part), *extra)
