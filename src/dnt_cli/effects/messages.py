"""Dutch for the sentences that engines and analyses put into results, which are stored in English.

The keys are those sentences with their values as {}; a sentence that is not listed stays English.
"""

from __future__ import annotations

import re
from functools import cache

from dnt_cli.study.spec import Language

DUTCH = {
    # engines
    "There are no rows to fit.": "Er zijn geen rijen om te schatten.",
    "There are {} rows for {} coefficients; more rows or fewer terms are needed.": (
        "Er zijn {} rijen voor {} coëfficiënten; er zijn meer rijen of minder termen nodig."
    ),
    "The terms reproduce the outcome exactly, so there is no residual variance.": (
        "De termen geven de uitkomst precies weer, zodat er geen restvariantie is."
    ),
    "{} cannot be told apart from the terms before {}.": "{} valt niet te onderscheiden van de termen ervoor.",
    "The data do not determine {}: the standard error is too large to mean anything.": (
        "De gegevens bepalen {} niet: de standaardfout is te groot om iets te betekenen."
    ),
    "The outcome is {} in every row, so there is nothing to explain.": (
        "De uitkomst is {} in elke rij, dus er valt niets te verklaren."
    ),
    "The outcome has the same value in every row, so there is nothing to explain.": (
        "De uitkomst heeft in elke rij dezelfde waarde, dus er valt niets te verklaren."
    ),
    "There is one person only; a random intercept needs at least two.": (
        "Er is maar een persoon; een random intercept vraagt er minstens twee."
    ),
    "No person has more than one row, so a random intercept cannot be told from chance.": (
        "Niemand heeft meer dan een rij, zodat een random intercept niet van toeval te onderscheiden is."
    ),
    "No person's outcome ever changes, so the random intercept has no finite variance.": (
        "Bij niemand verandert de uitkomst ooit, zodat het random intercept geen eindige variantie heeft."
    ),
    "The engine's answer did not pass an independent check of the likelihood.": (
        "Het antwoord van de engine doorstond een onafhankelijke controle van de likelihood niet."
    ),
    "The terms predict the outcome perfectly for some rows (separation), so no finite estimate exists; "
    "use fewer terms, or Firth's method.": (
        "De termen voorspellen de uitkomst in sommige rijen volmaakt (separatie), zodat er geen eindige schatting is; "
        "gebruik minder termen, of de methode van Firth."
    ),
    "The standard errors could not be computed reliably.": "De standaardfouten waren niet betrouwbaar te berekenen.",
    "The standard errors could not be computed.": "De standaardfouten waren niet te berekenen.",
    "The search for the random intercepts did not converge.": "Het zoeken naar de random intercepts convergeerde niet.",
    "The fit did not converge.": "De schatting convergeerde niet.",
    "The fit stopped at the limit of numerical precision.": "De schatting liep vast op de numerieke precisie.",
    "A variance went to its limit: the model reproduces the outcome exactly.": (
        "Een variantie liep naar haar grens: het model geeft de uitkomst precies weer."
    ),
    "The propensity model has no usable fit: {}": "Het propensitymodel heeft geen bruikbare schatting: {}",
    # effects
    "A control is the same for all in some imputations only.": (
        "Een controlevariabele is alleen in sommige imputaties voor iedereen gelijk."
    ),
    "{} of {} imputations separated": "{} van {} imputaties gesepareerd",
    "{} of {} imputations without usable fit": "{} van {} imputaties zonder bruikbare schatting",
    "{} of {} imputations with a random intercept without variance (singular)": (
        "{} van {} imputaties met een random intercept zonder variantie (singulier)"
    ),
    "{} of {} imputations separated and fitted by Firth's penalised likelihood": (
        "{} van {} imputaties gesepareerd en geschat met Firths gepenaliseerde likelihood"
    ),
    "controls '{}' left: {} of {} fits unusable, {} separated": (
        "controles '{}' verlaten: {} van {} schattingen onbruikbaar, {} gesepareerd"
    ),
    "controls '{}' left: {} of {} fits unusable": "controles '{}' verlaten: {} van {} schattingen onbruikbaar",
    "Laplace approximation doubtful: random-intercept SD {}, {} nodes move the effect by {} SE": (
        "Laplace-benadering twijfelachtig: SD van het random intercept {}, {} punten verschuiven het effect met {} SE"
    ),
}


def translated(message: str, language: Language) -> str:
    """The message in `language`; numbers keep their decimal point, since they may be names."""
    if language == "en":
        return message
    for pattern, dutch in _patterns():
        while match := pattern.search(message):
            message = message[: match.start()] + _filled(dutch, match.groups()) + message[match.end() :]
    return message


def _filled(template: str, values: tuple[str, ...]) -> str:
    """The template with as many of the values as it has places for."""
    return template.format(*values)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Longest first, so that a sentence is not mistaken for one that it begins with."""
    ordered = sorted(DUTCH.items(), key=lambda item: -len(item[0]))
    return tuple((re.compile(re.escape(english).replace(r"\{\}", "(.+?)")), dutch) for english, dutch in ordered)
