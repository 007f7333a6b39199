"""Sample sizes and power as tables, with what each method assumes printed underneath."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dnt_cli.power.comparisons import METHODS, Means, Method, Proportions
from dnt_cli.power.sizes import MOST, Size, StudyPlan, detectable, power_at
from dnt_cli.study import Language
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording, number, sentence

if TYPE_CHECKING:
    from dnt_cli.power.result import SimulatedPower


def methods_of(effect: Proportions | Means, plan: StudyPlan) -> tuple[Method, ...]:
    """The methods that apply: with sites, means have the t distribution of the sites only."""
    if isinstance(effect, Proportions):
        return METHODS
    return ("exact",) if plan.sites else ("exact", "normal")


def size_rows(sizes: Sequence[Size]) -> pd.DataFrame:
    """A row per method, for other programs."""
    missing = (None, None)
    return pd.DataFrame(
        {
            "method": s.method,
            "n_comparison": (s.analysed or missing)[0],
            "n_intervention": (s.analysed or missing)[1],
            "recruit_comparison": (s.recruited or missing)[0],
            "recruit_intervention": (s.recruited or missing)[1],
            "power": s.power,
            "power_below": s.power_below,
        }
        for s in sizes
    )


def power_rows(
    effect: Proportions | Means, methods: Sequence[Method], plan: StudyPlan, n: tuple[int, int]
) -> pd.DataFrame:
    """Power and detectable effects of groups of given sizes, a row per method."""
    rows = []
    for method in methods:
        down, up = detectable(effect, method, plan, n)
        power = power_at(effect, method, plan, n)
        rows.append({"method": method, "power": power, "detectable_down": down, "detectable_up": up})
    return pd.DataFrame(rows).assign(n_comparison=n[0], n_intervention=n[1])


def size_table(effect: Proportions | Means, sizes: Sequence[Size], plan: StudyPlan, language: Language) -> Table:
    """The numbers that each method asks for."""
    say = partial(sentence, language=language)
    headings = ["per_group", "total", "recruit_per_group", "recruit_total", "power", "power_below"]
    if not plan.dropout:
        headings = [h for h in headings if not h.startswith("recruit")]
    columns = [Column(say("power.method"), "left"), *(Column(say(f"power.{h}")) for h in headings)]
    rows, notes = [], []
    for size in sizes:
        texts = {
            "per_group": _pair(size.analysed, plan) or say("power.unreachable"),
            "total": str(sum(size.analysed)) if size.analysed else "",
            "recruit_per_group": _pair(size.recruited, plan),
            "recruit_total": str(sum(size.recruited)) if size.recruited else "",
            "power": number(size.power, 4, language),
            "power_below": number(size.power_below, 4, language),
        }
        rows.append((Cell(say(f"power.{size.method}")), *(Cell(texts[h]) for h in headings)))
        if size.analysed is None:
            why = "most" if plan.sites is None else "limit"
            power = number(size.power, 2, language)
            notes.append(say(f"power.{why}", method=rows[-1][0].text, power=power, most=f"{MOST:.0f}"))
    notes += _notes(effect, [s.method for s in sizes], plan, language, [s.analysed for s in sizes if s.analysed])
    return Table(_title("size", effect, language), tuple(columns), (Section("", tuple(rows)),), tuple(notes))


def power_table(effect: Proportions | Means, found: pd.DataFrame, plan: StudyPlan, language: Language) -> Table:
    """What groups of given sizes can see."""
    say = partial(sentence, language=language)
    headings = ("method", "per_group", "power", "detectable_down", "detectable_up")
    columns = tuple(Column(say(f"power.{h}"), "left" if h == "method" else "right") for h in headings)
    n = (int(found["n_comparison"].iloc[0]), int(found["n_intervention"].iloc[0]))
    rows = []
    for _, row in found.iterrows():
        limits = [
            say("power.none") if pd.isna(row[side]) else number(row[side], 3, language)
            for side in ("detectable_down", "detectable_up")
        ]
        texts = (say(f"power.{row['method']}"), f"{n[0]} + {n[1]}", number(row["power"], 4, language), *limits)
        rows.append(tuple(Cell(text) for text in texts))
    kind = _kind(effect)
    told = say("power.detectable_note", power=number(plan.power, 2, language))
    notes = [f"{told} {say(f'power.scale_note_{kind}')}", *([say("power.order")] if n[0] != n[1] else [])]
    notes += _notes(effect, list(found["method"]), plan, language, [n])
    return Table(_title("power", effect, language), columns, (Section("", tuple(rows)),), tuple(notes))


def _kind(effect: Proportions | Means) -> str:
    return "proportions" if isinstance(effect, Proportions) else "means"


def _title(what: str, effect: Proportions | Means, language: Language) -> str:
    if isinstance(effect, Proportions):
        shares = {k: f"{_as_given(100 * getattr(effect, k), 1, language)}%" for k in ("comparison", "intervention")}
        return sentence(f"power.{what}_title_proportions", language, **shares)
    return sentence(f"power.{what}_title_means", language, difference=_as_given(effect.difference, 2, language))


def _as_given(value: float, digits: int, language: Language) -> str:
    """A number that was asked for, with the digits that it needs."""
    return number(value, next(d for d in range(digits, 9) if d == 8 or math.isclose(round(value, d), value)), language)


def _pair(sizes: tuple[int, int] | None, plan: StudyPlan) -> str:
    if sizes is None:
        return ""
    return str(sizes[0]) if plan.ratio == 1 else f"{sizes[0]} + {sizes[1]}"


def _notes(
    effect: Proportions | Means,
    methods: Sequence[Method],
    plan: StudyPlan,
    language: Language,
    sizes: Sequence[tuple[int, int]],
) -> list[str]:
    say, say_number = partial(sentence, language=language), partial(number, language=language)
    notes = [
        say(
            "power.settings",
            alpha=say_number(plan.alpha, 3).rstrip("0"),
            power=say_number(plan.power, 2),
            dropout=f"{say_number(100 * plan.dropout, 0)}%",
        )
    ]
    if plan.ratio != 1:
        notes.append(say("power.ratio", ratio=say_number(plan.ratio, 2)))
    if isinstance(effect, Means) and effect.correlation:
        notes.append(say("power.baseline", r=say_number(effect.correlation, 2)))
    if plan.sites is not None and sizes:
        each = sorted(1 + max(sum(n) / plan.sites - 1, 0) * plan.icc for n in sizes)
        shown = " – ".join(dict.fromkeys(say_number(value, 2) for value in (each[0], each[-1])))
        icc = say_number(plan.icc, 2)
        notes.append(say("power.sites", effect=shown, sites=plan.sites, df=plan.sites - 2, icc=icc))
    return [*notes, *(say(f"power.note_{method}_{_kind(effect)}") for method in methods)]


def simulated_rows(replicates: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Power per effect, with its Wilson interval; a study without estimate has not found the effect."""
    from statsmodels.stats.proportion import proportion_confint

    rows = []
    for effect, part in replicates.groupby("effect"):
        found, n = int((part["p_value"] < alpha).sum()), len(part)
        low, high = proportion_confint(found, n, method="wilson")
        usable = part[part["usable"]]
        rows.append(
            {
                "effect": effect, "studies": n, "power": found / n, "power_low": low, "power_high": high,
                "estimate": usable["estimate"].mean(), "std_error": usable["std_error"].mean(),
                "not_estimable": n - len(usable),
            }
        )  # fmt: skip
    names = ["effect", "studies", "power", "power_low", "power_high", "estimate", "std_error", "not_estimable"]
    return pd.DataFrame(rows, columns=names)


def simulated_table(result: SimulatedPower, wording: Wording) -> Table:
    """Power per effect beside the closed form, where one holds."""
    own, study = result.settings, result.study
    outcome = study.outcomes[own["outcome"]]
    binary = outcome.kind == "binary"
    rows = []
    for row in simulated_rows(result.replicates, own["alpha"]).to_dict("records"):
        # No effect stands apart: its power is the probability of a false alarm.
        none = row["effect"] == (own["level"] if binary else 0.0)
        effect = f"{wording.number(100 * row['effect'], 1)}%" if binary else wording.number(row["effect"], 2)
        interval = f"{wording.number(row['power_low'], 2)}–{wording.number(row['power_high'], 2)}"
        formula = own["alpha"] if none else _closed_form(result, row["effect"], binary=binary)
        average = np.exp(row["estimate"]) if binary else row["estimate"]
        texts = (
            wording.number(row["power"], 3), interval, "" if formula is None else wording.number(formula, 3),
            wording.number(average, 2), str(row["not_estimable"] or ""), str(row["studies"]),
        )  # fmt: skip
        label = wording.text("power.no_effect", effect=effect) if none else effect
        rows.append((Cell(label), *map(Cell, texts)))
    headings = ("power", "interval", "formula", "average_or" if binary else "average", "not_estimable", "studies")
    columns = (
        Column(wording.text("power.effect_share" if binary else "power.effect_sd"), "left"),
        *(Column(wording.text(f"power.{heading}")) for heading in headings),
    )
    sites = wording.text("power.simulated_sites", sites=own["sites"], icc=wording.number(own["icc"], 2))
    kind = "binary" if binary else "linear"
    notes = [
        wording.text(f"power.simulated_{own['analysis']}", wave=outcome.endpoint or study.design.endpoint),
        wording.text(
            f"power.simulated_world_{kind}", comparison=own["sizes"][0], intervention=own["sizes"][1],
            level=wording.number(100 * own["level"], 1), correlation=wording.number(own["correlation"], 2),
            dropout=wording.number(100 * own["dropout"], 0),
        ),
        *([sites] if own["sites"] else []),
        wording.text("power.simulated_analysis", m=own["m"], alpha=wording.number(own["alpha"], 3).rstrip("0")),
        wording.text("power.formula_note"),
    ]  # fmt: skip
    title = wording.text("power.simulated_title", outcome=wording.label(own["outcome"]))
    return Table(title, columns, (Section("", tuple(rows)),), tuple(notes))


def _closed_form(result: SimulatedPower, effect: float, *, binary: bool) -> float | None:
    """Power of the endpoint's comparison by formula, among those who are not lost."""
    from dnt_cli.models import ENDPOINT

    own = result.settings
    if own["analysis"] != ENDPOINT:
        return None
    comparison, intervention = (size * (1 - own["dropout"]) for size in own["sizes"])
    plan = StudyPlan(alpha=own["alpha"], icc=own["icc"], sites=own["sites"])
    if binary:
        return power_at(Proportions(own["level"], effect), "normal", plan, (comparison, intervention))
    correlation = own["correlation"] if result.study.adjusts_for_baseline(own["outcome"]) else 0.0
    return power_at(Means(effect, correlation), "exact", plan, (comparison, intervention))
