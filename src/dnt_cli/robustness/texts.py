"""The words of the robustness tables in Dutch and English."""

from __future__ import annotations

from dnt_cli.study import Language, Text

_TEXTS = {
    "changes": Text("Anders", "Changes"),
    "lost": Text("markering vervalt bij {n} van {all}", "mark lost for {n} of {all}"),
    "gained": Text("markering erbij bij {n} van {all}", "mark gained for {n} of {all}"),
    "reversed": Text("omgekeerd bij {n} van {all}", "reversed for {n} of {all}"),
    "not estimable": Text("niet te schatten: {n}", "not estimable: {n}"),
    "same": Text("gelijk: {n}", "the same: {n}"),
    "counts": Text("({code}) {label} (N = {n}): {counts}.", "({code}) {label} (N = {n}): {counts}."),
    "left_out": Text("({code}) niet gedaan: {reason}.", "({code}) not done: {reason}."),
    "far": Text(
        "    meer dan 1 SE van de hoofdanalyse: {outcomes}.", "    more than 1 SE from the main analysis: {outcomes}."
    ),
    "grid_title": Text("Als uitvallers het slechter doen: {scope}. {where}", "If drop-outs do worse: {scope}. {where}"),
    "scope_intervention": Text("interventiegroep", "intervention group"),
    "scope_both": Text("beide groepen", "both groups"),
    "tipping": Text("kantelpunt", "tipping"),
    "tipping_note": Text(
        "Delta: zoveel slechter dan de imputatie aanneemt op elke niet-geziene meting na de start, in SD van een score "
        "of log-odds van ja/nee; dat telt over metingen op. Kantelpunt: de kleinste delta (geïnterpoleerd) waarbij de "
        "uitkomst van de toets (p < {lenient}) verandert; – niet binnen het raster.",
        "Delta: so much worse than the imputation supposes at every missed wave after the start, in SD of a score or "
        "log-odds of yes/no; that adds up over waves. Tipping point: the smallest delta (interpolated) at which the "
        "outcome of the test (p < {lenient}) changes; – not within the grid.",
    ),
    "sites_title": Text("Telkens zonder een locatie. {where}", "Without one site at a time. {where}"),
    "lowest": Text("laagste", "lowest"),
    "highest": Text("hoogste", "highest"),
    "without": Text("zonder", "without"),
    "other_conclusion": Text("ander oordeel", "other verdict"),
    "sites_note": Text(
        "De laagste en de hoogste schatting, zonder welke locatie, en bij hoeveel locaties het oordeel verandert.",
        "The lowest and the highest estimate, without which site, and for how many sites the verdict changes.",
    ),
    "balance_title": Text("Balans op de beginmeting", "Balance at baseline"),
    "term": Text("Kenmerk", "Characteristic"),
    "before": Text("ongewogen", "unweighted"),
    "after": Text("gewogen", "weighted"),
    "difference": Text("Gestandaardiseerd verschil", "Standardised difference"),
    "effective": Text("Effectief aantal personen", "Effective number of persons"),
    "balance_note": Text(
        "Verschil tussen de groepen in standaarddeviaties, gemiddeld over de imputaties; gewogen: het grootste over de "
        "uitkomsten. Onder {limit} geldt als in balans.",
        "Difference between the groups in standard deviations, averaged over the imputations; weighted: the largest "
        "over the outcomes. Below {limit} counts as balanced.",
    ),
    # figure
    "curve_elsewhere": Text(
        "{check}, {where}: op een andere schaal, {estimate} {scale} ({low} – {high}).",
        "{check}, {where}: on another scale, {estimate} {scale} ({low} – {high}).",
    ),
    "curve_note": Text(
        "Elke kolom is een analyse, geordend naar schatting, met {level}%-BI; eronder staat welke. "
        "Gevuld: p < {lenient}. Lijn: geen effect.",
        "Every column is an analysis, ordered by estimate, with its {level}% CI; below it stands which. "
        "Filled: p < {lenient}. Line: no effect.",
    ),
}


def words(key: str, language: Language, **values: object) -> str:
    """The text under `key`, with the values filled in."""
    return _TEXTS[key][language].format(**values)
