"""The words of the output in Dutch and English, and how numbers are written in each."""

from __future__ import annotations

import math

from dnt_cli.study.spec import Language, Text

TEXTS: dict[str, Text] = {
    "outcome": Text("Uitkomst", "Outcome"),
    "effect_t3": Text("Effect op {wave}", "Effect at {wave}"),
    "effect_longitudinal": Text("Trend van het effect, per {unit}", "Trend of the effect, per {unit}"),
    "wave_unit": Text("meting", "wave"),
    "month_unit": Text("maand", "month"),
    "binary_title": Text("Odds ratio's", "Odds ratios"),
    "linear_title": Text("Gestandaardiseerde coëfficiënten (bèta)", "Standardised coefficients (beta)"),
    "odds_ratio": Text("OR", "OR"),
    "probability_title": Text("Effecten op de kans", "Effects on the probability"),
    "probability_note": Text(
        "%-punt: verandering per {unit} van het verschil in kans tussen de groepen, in procentpunten (lineair "
        "kansmodel).",
        "pct pt: change per {unit} of the difference in probability between the groups, in percentage points (linear "
        "probability model).",
    ),
    "register": Text("Register.", "Register."),
    "beta": Text("bèta", "beta"),
    "std_error": Text("SE", "SE"),
    "interval": Text("{level}%-BI", "{level}% CI"),
    "p_value": Text("p", "p"),
    "marginal": Text("%-punt", "pct pt"),
    "fmi": Text("FMI", "FMI"),
    "df": Text("vg", "df"),
    "n": Text("N", "N"),
    "not_estimable": Text("niet te schatten", "not estimable"),
    "marks": Text(
        "** p < {strict}, * p < {lenient} (tweezijdig); niet gecorrigeerd voor het aantal toetsen.",
        "** p < {strict}, * p < {lenient} (two-sided); not corrected for the number of tests.",
    ),
    "adjusted": Text(
        "Na Holm-correctie over alle toetsen van deze analyse: {holm} hier met p < {lenient}; "
        "na Benjamini-Hochberg: {bh}.",
        "After Holm's correction over all tests of this analysis: {holm} here with p < {lenient}; "
        "after Benjamini-Hochberg: {bh}.",
    ),
    "sample": Text(
        "N = {n} personen, m = {m} imputaties, samengevoegd volgens Rubin; vrijheidsgraden volgens Barnard en Rubin.",
        "N = {n} persons, m = {m} imputations, pooled by Rubin's rules with Barnard-Rubin degrees of freedom.",
    ),
    "sample_single": Text(
        "N = {n} personen; beantwoorde vragen, zonder imputatie.",
        "N = {n} persons; answers as observed, no imputation.",
    ),
    "controls": Text("Gecontroleerd voor {controls}.", "Controlled for {controls}."),
    "no_controls": Text("Zonder controlevariabelen.", "Without control variables."),
    "baseline_control": Text("en, waar gemeten, de uitkomst op {wave}", "and, where measured, the outcome at {wave}"),
    "controls_of": Text("{outcomes}: gecontroleerd voor {controls}.", "{outcomes}: controlled for {controls}."),
    "uncontrolled_of": Text("{outcomes}: zonder controlevariabelen.", "{outcomes}: without control variables."),
    "rate": Text(
        "OR > 1: de uitkomst komt in de interventiegroep vaker voor. SE = OR x SE(log OR).",
        "OR > 1: the outcome is more common in the intervention group. SE = OR x SE(log OR).",
    ),
    "rate_trend": Text(
        "OR per {unit}: factor waarmee de odds ratio tussen de groepen per {unit} toeneemt. SE = OR x SE(log OR).",
        "OR per {unit}: the factor by which the odds ratio between the groups grows each {unit}. SE = OR x SE(log OR).",
    ),
    "beta_note": Text(
        "Bèta in standaarddeviaties van uitkomst en groep; p van de ongestandaardiseerde coëfficiënt.",
        "Beta in standard deviations of outcome and group; p of the unstandardised coefficient.",
    ),
    "marginal_note": Text(
        "%-punt: gemiddeld verschil in kans tussen wel en niet toegewezen, in procentpunten.",
        "pct pt: average difference in probability between assigned and not assigned, in percentage points.",
    ),
    "against": Text("Tegen de verwachting in: {outcomes}.", "Against the hypothesis: {outcomes}."),
    "message": Text("{outcome}: {message}.", "{outcome}: {message}."),
    "engine": Text("Geschat met {engine}.", "Fitted with {engine}."),
    "synthetic": Text(
        "SYNTHETISCHE GEGEVENS: verzonnen, geen uitspraak over echte personen.",
        "SYNTHETIC DATA: made up, no statement about real persons.",
    ),
    "variable": Text("Variabele", "Variable"),
    "method": Text("Methode", "Method"),
    "predictors": Text("Voorsp.", "Pred."),
    "covariates": Text("Achtergrondkenmerken", "Covariates"),
    "imputation_title": Text("Imputatie: aandeel ontbrekend per meting", "Imputation: share missing per wave"),
    "imputed": Text(
        "{n} personen, m = {m} imputaties, {iterations} iteraties, methode {method}, seed {seed}; "
        "{missing} van de antwoorden ontbreekt.",
        "{n} persons, m = {m} imputations, {iterations} iterations, method {method}, seed {seed}; "
        "{missing} of the answers are missing.",
    ),
    "events": Text(
        "Gelogd (aantal variabelen): {events}; zie `dnt info`.",
        "Logged (number of variables): {events}; see `dnt info`.",
    ),
    "main": Text("hoofd", "main"),
    "robustness_title": Text("Robuustheid", "Robustness"),
    "verdict_signs": Text(
        "– verliest zijn markering, + krijgt er een, ± significant in omgekeerde richting, # niet te schatten.",
        "– loses its mark, + gains one, ± significant in the other direction, # not estimable.",
    ),
    "cross_check_title": Text("Vergelijking met lme4", "Cross-check against lme4"),
    "imputations": Text("Imputaties", "Imputations"),
    "shift": Text("Verschil (SE)", "Difference (SE)"),
    "error_ratio": Text("SE-verhouding", "SE ratio"),
    "log_likelihood": Text("Verschil log-lik.", "Log-lik. diff."),
    "unusable": Text("lme4 mislukt", "lme4 failed"),
    "cross_check_note": Text(
        "Grootste verschil over de imputaties; een hogere log-likelihood dan lme4 betekent dat lme4 er naast zit.",
        "Largest difference over the imputations; a log-likelihood above lme4's means that lme4 is off.",
    ),
    "trend": Text("Trend", "Trend"),
    "chains": Text("Gemiddelde per keten", "Mean per chain"),
    "iteration": Text("iteratie", "iteration"),
    "observed_values": Text("beantwoord", "observed"),
    "imputed_values": Text("geïmputeerd", "imputed"),
    "plausible_title": Text(
        "Beantwoord en geïmputeerd op {wave}, per uitkomst", "Observed and imputed at {wave}, by outcome"
    ),
    "observed_mean": Text("Beantw.", "Observed"),
    "imputed_mean": Text("Geïmp.", "Imputed"),
    "difference_sd": Text("Verschil (SD)", "Difference (SD)"),
    "r_hat": Text("R-hat", "R-hat"),
    "plausible_note": Text(
        "Wie ontbreekt kan anders zijn, dus een verschil is geen fout; R-hat boven 1,1 wel: neem meer iteraties.",
        "Those who are missing may differ, so a difference is no fault; R-hat above 1.1 is: use more iterations.",
    ),
    "no_hypothesis": Text("Zonder hypothese", "No hypothesis"),
}


def words(key: str, language: Language, **values: object) -> str:
    """The text under `key`, with the values filled in."""
    return TEXTS[key][language].format(**values)


def number(value: float | None, decimals: int, language: Language, *, sign: bool = False) -> str:
    """A number with fixed decimals, a decimal comma in Dutch, `-` where there is none, powers of ten when huge."""
    if value is None or math.isnan(value):
        return "-"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    large = abs(value) >= 10 ** (6 - decimals)
    value = value if large else round(value, decimals) + 0.0  # adding zero turns -0.0 into 0.0
    text = f"{value:{'+' if sign else ''}{'.1e' if large else f'.{decimals}f'}}"
    return text.replace(".", ",") if language == "nl" else text


def p_value(value: float | None, language: Language) -> str:
    """A p-value with three decimals, `<.001` below."""
    if value is None or math.isnan(value):
        return "-"
    text = "<.001" if value < 0.0005 else f"{value:.3f}".removeprefix("0")
    return text.replace(".", ",") if language == "nl" else text


def threshold(value: float, language: Language) -> str:
    """A level of significance, such as .05."""
    return number(value, 2, language).removeprefix("0")
