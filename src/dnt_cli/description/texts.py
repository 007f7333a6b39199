"""The words of descriptions and figures in Dutch and English."""

from __future__ import annotations

from dnt_cli.study import Language, Text

TEXTS: dict[str, Text] = {
    "sample_title": Text("Steekproef en uitval", "Sample and attrition"),
    "patterns_title": Text("Patronen van deelname", "Patterns of attendance"),
    "baseline_title": Text("Groepen bij de start ({wave})", "Groups at baseline ({wave})"),
    "dropout_title": Text("Wel en niet gezien op {wave}", "Seen and not seen at {wave}"),
    "trend_title": Text("Uitkomsten per meting", "Outcomes per wave"),
    "change_title": Text("Verandering tussen metingen", "Change between waves"),
    "further_title": Text("Overige antwoorden", "Further answers"),
    "total": Text("Totaal", "Total"),
    "included": Text("Deelnemers", "Participants"),
    "site_section": Text("Locatie: N (% van de groep)", "Site: N (% of the group)"),
    "wave_section": Text("Meting: N gezien (% uitval)", "Wave: N seen (% drop-out)"),
    "complete_section": Text("Volledigheid: N (%)", "Completeness: N (%)"),
    "complete": Text("Alle metingen", "All waves"),
    "monotone": Text("Uitgevallen en niet teruggekomen", "Dropped out and not returned"),
    "intermittent": Text("Meting gemist, later wel gezien", "Missed a wave, seen later"),
    "waves_section": Text("Aantal metingen: N (%)", "Number of waves: N (%)"),
    "kind": Text("Soort", "Kind"),
    "kind_complete": Text("volledig", "complete"),
    "kind_monotone": Text("monotoon", "monotone"),
    "kind_intermittent": Text("onderbroken", "intermittent"),
    "patterns_note": Text(
        "x = gezien, . = gemist. Monotoon: wie één keer gemist is, komt niet terug.",
        "x = seen, . = missed. Monotone: who is missed once does not return.",
    ),
    "dropout_note": Text(
        "Uitval: niet gezien op deze meting, als percentage van alle deelnemers; men kan later terugkomen.",
        "Drop-out: not seen at this wave, in per cent of all participants; people may return later.",
    ),
    "characteristic": Text("Kenmerk", "Characteristic"),
    "background_section": Text("Achtergrond", "Background"),
    "outcomes_section": Text("Uitkomsten op {wave}", "Outcomes at {wave}"),
    "missing": Text("Onbekend", "Missing"),
    "difference": Text("Verschil", "Difference"),
    "smd": Text("SMD", "SMD"),
    "absent": Text("Niet gezien", "Not seen"),
    "present": Text("Gezien", "Seen"),
    "group": Text("Groep", "Group"),
    "cells_note": Text(
        "N (%) of gemiddelde (standaarddeviatie) van wie een antwoord heeft.",
        "N (%) or mean (standard deviation) of those with an answer.",
    ),
    "difference_note": Text(
        "Verschil: {first} min {second}, in procentpunten of punten. SMD: in gepoolde standaarddeviaties.",
        "Difference: {first} minus {second}, in percentage points or points. SMD: in pooled standard deviations.",
    ),
    "threshold_note": Text("{mark} |SMD| > {threshold}", "{mark} |SMD| > {threshold}"),
    "candidates_note": Text(
        "Kandidaten om voor te controleren (|SMD| > {threshold}): {names}.",
        "Candidate controls (|SMD| > {threshold}): {names}.",
    ),
    "percent": Text("%", "%"),
    "mean": Text("gem.", "mean"),
    "trend_note": Text(
        "Beantwoorde vragen, zonder imputatie of correctie. {groups}. N: personen met een antwoord.",
        "Answers as observed, not imputed or adjusted. {groups}. N: persons with an answer.",
    ),
    "spark_note": Text(
        "Staafjes: van het laagste tot het hoogste cijfer van beide groepen samen.",
        "Bars: from the lowest to the highest figure of both groups together.",
    ),
    "change_note": Text(
        "Verschil van de afgeronde cijfers van allen die antwoordden, in procentpunten of punten. {groups}.",
        "Difference of the rounded figures of all who answered, in percentage points or points. {groups}.",
    ),
    "paired_note": Text(
        "Gestegen, gedaald, gelijk: van wie op beide metingen antwoordde.",
        "Risen, fallen, same: of those who answered at both waves.",
    ),
    "points": Text("%-punt", "pct pt"),
    "rise": Text("gestegen (%)", "risen (%)"),
    "fall": Text("gedaald (%)", "fallen (%)"),
    "same": Text("gelijk (%)", "same (%)"),
    "steps": Text("stappen, gemiddeld", "steps, mean"),
    "percentage_axis": Text("Percentage", "Percentage"),
    "mean_axis": Text("Gemiddelde", "Mean"),
    "share_axis": Text("Percentage van wie antwoordde", "Percentage of those who answered"),
    "months": Text("{months} mnd", "{months} mo"),
    "higher_better": Text("hoger is beter", "higher is better"),
    "lower_better": Text("lager is beter", "lower is better"),
    "figure_note": Text(
        "Zoals waargenomen; streepjes: {level}%-betrouwbaarheidsinterval.",
        "As observed; bars: {level}% confidence interval.",
    ),
    "figure_note_ordinal": Text("Zoals waargenomen.", "As observed."),
    "forest_title": Text("Effecten van de interventie", "Effects of the intervention"),
    "forest_binary": Text("Odds ratio (logschaal)", "Odds ratio (log scale)"),
    "forest_linear": Text("Gestandaardiseerde coëfficiënt (bèta)", "Standardised coefficient (beta)"),
    "forest_probability": Text("Procentpunten", "Percentage points"),
    "forest_t3": Text("Op {wave}", "At {wave}"),
    "forest_longitudinal": Text("Trend, per {unit}", "Trend, per {unit}"),
    "not_modelled": Text("geen model", "no model"),
    "better": Text("beter voor de persoon", "better for the person"),
    "worse": Text("slechter voor de persoon", "worse for the person"),
    "undecided": Text("niet significant", "not significant"),
    "forest_note": Text(
        "Lijnen: {level}%-betrouwbaarheidsinterval. Open rondje: niet significant.",
        "Lines: {level}% confidence interval. Open circle: not significant.",
    ),
    "doubtful": Text("! Twijfelachtig: zie de tabel met effecten.", "! Doubtful: see the table of effects."),
    "clipped": Text(
        "Pijlpunt: het interval loopt door buiten de figuur.", "Arrow: the interval continues outside the figure."
    ),
}  # fmt: skip


def words(key: str, language: Language, **values: object) -> str:
    """The text under `key`, with the values filled in."""
    return TEXTS[key][language].format(**values)
