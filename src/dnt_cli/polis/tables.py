"""What the register says per wave, with every choice behind it printed underneath."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dnt_cli.polis.norms import month_number, unconfirmed
from dnt_cli.study import Language, Register, Study, Text
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.texts import number, words

_TEXTS = {
    "title": Text("Werk en inkomen volgens het register", "Work and income according to the register"),
    "wave": Text("Meting", "Wave"),
    "months": Text("Maanden", "Months"),
    "known": Text("N bekend", "N known"),
    "work": Text("Werk", "Work"),
    "over_hours": Text("{rule} {cut} uur", "{rule} {cut} hours"),
    "above_norm": Text("Boven norm", "Above norm"),
    "hours": Text("Uren/week", "Hours/week"),
    "wage": Text("Loon", "Wage"),
    "averages": Text("Uren en loon: gemiddelden van wie werkt.", "Hours and wage: means of those who work."),
    "over": Text("Meer dan", "Over"),
    "at_least": Text("Minstens", "At least"),
    "timing": Text(
        "Maand: inclusiedatum plus de maanden van de meting{interview}{lag}.",
        "Month: date of inclusion plus the months of the wave{interview}{lag}.",
    ),
    "interview": Text(", of de maand van het interview waar dat bekend is", ", or that of the interview where known"),
    "lag": Text(", {lag} maand(en) verschoven", ", shifted by {lag} month(s)"),
    "work_rule": Text(
        "Werk: uren ({hours}) en loon ({wage}) in dezelfde baan, meer dan {least} uur in de maand; {types}.",
        "Work: hours ({hours}) and wage ({wage}) in the same job, more than {least} hours in the month; {types}.",
    ),
    "types": Text("zonder soort baan (SSOORTBAAN) {codes}", "without kinds of job (SSOORTBAAN) {codes}"),
    "all_types": Text("alle soorten banen tellen", "all kinds of job count"),
    "hours_rule": Text("Uren per week: {per}, {weeks}.", "Hours a week: {per}, {weeks}."),
    "per_person": Text("alle banen samen", "all jobs together"),
    "per_job": Text("de baan met de meeste uren", "the job with most hours"),
    "weeks_month": Text("over alle weken van de maand", "over all weeks of the month"),
    "weeks_worked": Text("over de dagen waarop er een baan was", "over the days on which there was a job"),
    "income_rule": Text(
        "Inkomen: {income}, {holiday}; norm: {norm}, {holiday}; {rule} de norm.",
        "Income: {income}, {holiday}; norm: {norm}, {holiday}; {rule} the norm.",
    ),
    "net": Text("SLNLBPH - SINGLBPH (netto, bij benadering)", "SLNLBPH - SINGLBPH (net, by approximation)"),
    "excluded": Text("zonder vakantiegeld", "without holiday pay"),
    "included": Text("met vakantiegeld", "with holiday pay"),
    "single": Text("alleenstaande (ouder)", "single person or parent"),
    "couple": Text("paar", "couple"),
    "above": Text("boven", "above"),
    "from": Text("op of boven", "at or above"),
    "dirt": Text(
        "Negatieve bedragen {corrections}; ontbrekende bedragen (vanaf {amount} euro of {code} uur, of leeg) "
        "{missing}; dubbele records tellen {duplicates}; records over meer maanden {spanning}.",
        "Negative amounts {corrections}; missing amounts (from {amount} euro or {code} hours, or empty) {missing}; "
        "duplicate records count {duplicates}; records over several months {spanning}.",
    ),
    "corrections_net": Text("afgetrokken", "subtracted"),
    "corrections_drop": Text("weggelaten", "left out"),
    "missing_unknown": Text("laten de uitkomst open", "leave the outcome open"),
    "missing_zero": Text("tellen als nul", "count as zero"),
    "duplicates_once": Text("eenmaal", "once"),
    "duplicates_each": Text("elk", "each"),
    "spanning_prorate": Text("naar dagen verdeeld", "divided by days"),
    "spanning_end": Text("in hun laatste maand", "in their last month"),
    "limits": Text(
        "Zelfstandigen, uitkeringen en werk in het buitenland staan niet in deze records; wie geen record heeft, heeft "
        "geen werk. De norm geldt vanaf 21 jaar, zonder kostendelers en niet in een inrichting.",
        "Self-employment, benefits and work abroad are not in these records; who has no record has no work. The norm "
        "is that from 21 years, without cost sharing and outside institutions.",
    ),
    "unconfirmed": Text(
        "De centen van de norm van {since} zijn niet bevestigd.", "The cents of the norm of {since} are unconfirmed."
    ),
    "found": Text(
        "{linked} personen gekoppeld, {persons} met records ({records}); {outside} buiten de bevolking (ontbrekend).",
        "{linked} persons linked, {persons} with records ({records}); {outside} outside the population (missing).",
    ),
    "decided": Text(
        "In hun records: {corrections} met een negatief bedrag, {missing} met een ontbrekend bedrag ({undecided} "
        "persoonmaanden onbeslist), {excluded} van een baan die niet telt, {duplicates} dubbel, {unreadable} zonder "
        "leesbare datum.",
        "In their records: {corrections} with a negative amount, {missing} with a missing amount ({undecided} "
        "person-months undecided), {excluded} of a job that does not count, {duplicates} duplicates, {unreadable} "
        "without readable dates.",
    ),
    "uncovered": Text(
        "Zonder records van wie ook, dus ontbrekend: {months}.", "Without records of anybody, so missing: {months}."
    ),
}


def register_tables(frame: pd.DataFrame, study: Study, counts: Mapping[str, Any], language: Language) -> list[Table]:
    """One table: per wave who works, over the cut-off, above the norm; below it every setting and count.

    Args:
        frame: As `register_outcomes` gives it.
        study: Waves and settings.
        counts: The fields of `Kept` and `Decisions`; `uncovered` as text.
        language: Of the words and the decimal sign.
    """
    register = study.register
    say = _Words(language)
    heading = say("over_hours", rule=say(register.hours_rule), cut=f"{register.hours_cut:g}")
    columns = [Column(say("wave"), "left"), Column(say("months"), "left"), Column(say("known"))]
    columns += [Column(say("work")), Column(heading), Column(say("above_norm")), Column(say("hours"))]
    columns += [Column(say("wage"))]
    rows = []
    for wave in study.design.wave_keys:
        own = frame[frame["wave"] == wave]
        working = own[own["work"] == 1]
        span = f"{own['month'].min()} – {own['month'].max()}"
        cells = [wave, span, str(int(own["work"].notna().sum()))]
        cells += [_share(own[name], language) for name in ("work", "over_hours", "above_norm")]
        cells += [number(working["hours"].mean(), 1, language), number(working["wage"].mean(), 0, language)]
        rows.append(tuple(Cell(cell) for cell in cells))
    notes = [words("synthetic", language)] if study.synthetic else []
    notes += [say("averages"), *_settings(register, say), say("limits")]
    months = {month_number(month) for month in frame["month"]}
    notes += [say("unconfirmed", since=since) for since in unconfirmed(months, register)]
    linked = frame["id"].nunique() - int(counts["outside"])
    notes += [say("found", linked=linked, **counts), say("decided", **counts)]
    if counts["uncovered"]:
        notes.append(say("uncovered", months=counts["uncovered"]))
    return [Table(say("title"), tuple(columns), (Section("", tuple(rows)),), tuple(notes))]


class _Words:
    """The texts in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        return _TEXTS[key][self.language].format(**values)


def _share(values: pd.Series, language: Language) -> str:
    known = values.dropna()
    if known.empty:
        return "-"
    return f"{int(known.sum())} ({number(100 * float(known.mean()), 1, language)}%)"


def _settings(register: Register, say: _Words) -> list[str]:
    """Every setting in words."""
    types = register.exclude_job_types
    return [
        say(
            "timing",
            interview=say("interview") if register.timing == "interview" else "",
            lag=say("lag", lag=f"{register.lag:+d}") if register.lag else "",
        ),
        say(
            "work_rule", hours=register.hours, wage=register.wage, least=f"{register.work_hours:g}",
            types=say("types", codes=", ".join(types)) if types else say("all_types"),
        ),
        say("hours_rule", per=say(f"per_{register.hours_per}"), weeks=say(f"weeks_{register.weeks}")),
        say(
            "income_rule", income=say("net") if register.income == "net" else register.income,
            holiday=say(register.holiday_pay), norm=say(register.norm),
            rule=say("above" if register.norm_rule == "over" else "from"),
        ),
        say(
            "dirt", corrections=say(f"corrections_{register.corrections}"), amount=f"{register.missing_amount:g}",
            code=f"{register.missing_hours:g}", missing=say(f"missing_{register.missing}"),
            duplicates=say(f"duplicates_{register.duplicates}"), spanning=say(f"spanning_{register.spanning}"),
        ),
    ]  # fmt: skip
