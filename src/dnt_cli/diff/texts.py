"""The words of `dnt diff` in Dutch and English."""

from __future__ import annotations

from dnt_cli.study import Language, Text

_TEXTS = {
    "identical": Text("De bestanden zijn gelijk, byte voor byte.", "The files are the same, byte for byte."),
    "same_numbers": Text(
        "De getallen zijn gelijk; waar ze vandaan komen verschilt.",
        "The numbers are the same; where they come from differs.",
    ),
    "unnamed": Text(
        "De getallen en hun herkomst zijn gelijk; de bestanden verschillen alleen in hoe ze zijn opgeslagen of in wat "
        "er naast staat.",
        "The numbers and where they come from are the same; the files differ only in how they are stored or in what "
        "travels beside them.",
    ),
    # where they come from
    "file": Text("bestand", "file"),
    "data": Text("gegevens", "data"),
    "other_data": Text("andere gegevens", "other data"),
    "step_input": Text("ander bestand", "another file"),
    "study": Text("Studie", "Study"),
    "steps": Text("Stappen", "Steps"),
    "versions": Text("Bibliotheken", "Libraries"),
    "step_row": Text("dnt {step}", "dnt {step}"),
    "n_of": Text("N {side}", "N {side}"),
    "n_persons": Text("N, grootste", "N, largest"),
    "m": Text("m, imputaties", "m, imputations"),
    "set": Text("--set", "--set"),
    "only_a": Text("alleen in A", "only in A"),
    "only_b": Text("alleen in B", "only in B"),
    "same_data": Text("Dezelfde gegevens", "Same data"),
    "same_data_but": Text("Dezelfde gegevens op {others} na", "Same data but for {others}"),
    "note": Text("opmerking", "note"),
    "same_study": Text("dezelfde studie", "same study"),
    "same_steps": Text("dezelfde instellingen", "same settings"),
    "same_otherwise": Text("verder dezelfde instellingen", "no other settings"),
    "same_versions": Text("dezelfde bibliotheken", "same libraries"),
    "same_link": Text(
        "Hetzelfde koppelbestand; of de records dezelfde zijn, zegt het bestand niet.",
        "The same link file; whether the records are the same, the file does not say.",
    ),
    "unknown_data": Text(
        "Of de gegevens dezelfde zijn, zeggen de bestanden niet.",
        "Whether the data are the same, the files do not say.",
    ),
    "reworded": Text(
        "Het studiebestand is anders geschreven maar betekent hetzelfde.",
        "The study file is written differently but means the same.",
    ),
    "more": Text("{n} meer: --all toont alles.", "{n} more: --all shows all."),
    # effects
    "effects": Text("{n} effecten: {parts}.", "{n} effects: {parts}."),
    "all_same": Text("alle gelijk", "all the same"),
    "same": Text("{n} gelijk", "{n} the same"),
    "within": Text("{n} binnen {limit} SE", "{n} within {limit} SE"),
    "moved": Text("{n} verschoven{largest}", "{n} moved{largest}"),
    "largest": Text(" (hoogstens {shift} SE: {effect})", " (largest shift {shift} SE: {effect})"),
    "mark came": Text("{n} markering(en) erbij", "{n} mark(s) came"),
    "mark went": Text("{n} markering(en) vervallen", "{n} mark(s) went"),
    "mark changed": Text("{n} met een ander aantal sterren", "{n} with other stars"),
    "reversed": Text("{n} omgekeerd", "{n} reversed"),
    "status": Text("{n} met een andere status", "{n} with another status"),
    "verdict": Text("{n} met een ander oordeel", "{n} with another verdict"),
    "other scale": Text("{n} op een andere schaal", "{n} on another scale"),
    "only in A": Text("{n} alleen in A", "{n} only in A"),
    "only in B": Text("{n} alleen in B", "{n} only in B"),
    "no_mark": Text("geen markering veranderd", "no mark changed"),
    "moved_title": Text("Wat verschoof", "What moved"),
    "all_title": Text("Alle effecten", "All effects"),
    "section_conclusion": Text("Andere conclusie", "Another conclusion"),
    "section_moved": Text("Verschoven, zelfde conclusie", "Moved, same conclusion"),
    "section_alone": Text("In een van beide bestanden", "In one of the files"),
    "section_rest": Text("Gelijk", "The same"),
    "shift": Text("B-A, SE", "B-A, SE"),
    "error": Text("SE, %", "SE, %"),
    "effect_change": Text("Verandering", "Change"),
    "word_error": Text("SE {percent}%", "SE {percent}%"),
    "word_mark came": Text("{b} erbij", "{b} came"),
    "word_mark went": Text("{a} vervallen", "{a} went"),
    "word_mark changed": Text("{a} wordt {b}", "{a} is now {b}"),
    "word_reversed": Text("omgekeerd", "reversed"),
    "word_verdict": Text("nu {b}", "now {b}"),
    "word_status": Text("nu {b}", "now {b}"),
    "word_other scale": Text("andere schaal", "other scale"),
    "word_only in A": Text("alleen in A", "only in A"),
    "word_only in B": Text("alleen in B", "only in B"),
    "status_ok": Text("goed", "ok"),
    "status_doubtful": Text("twijfelachtig", "doubtful"),
    "status_not estimable": Text("niet te schatten", "not estimable"),
    "status_singular": Text("singulier", "singular"),
    "status_firth": Text("firth", "firth"),
    "verdict_": Text("hoofd", "main"),
    "verdict_same": Text("als hoofd", "as main"),
    "verdict_lost": Text("vervallen", "lost"),
    "verdict_gained": Text("erbij", "gained"),
    "verdict_reversed": Text("omgekeerd", "reversed"),
    "verdict_not estimable": Text("niet te schatten", "not estimable"),
    "shift_note": Text(
        "B-A: in standaardfouten (SE) van A, bij een OR op de logschaal; daarnaast hoeveel groter de SE in B is. "
        "Verschoven: meer dan {limit} SE, of een SE die meer dan {percent}% anders is.",
        "B-A: in standard errors (SE) of A, for an OR on the log scale; beside it how much larger the SE is in B. "
        "Moved: by more than {limit} SE, or with a SE that differs by more than {percent}%.",
    ),
    "repeated": Text(
        "{n} met de schatting van de hoofdanalyse (andere p) niet getoond: --all toont alles.",
        "{n} with the estimate of the main analysis (another p) not shown: --all shows all.",
    ),
    "check_note": Text("({code}) {label}.", "({code}) {label}."),
    "others_note": Text(
        "Van {n} andere termen (controlevariabelen, constanten, balans) verschoven er {moved}.",
        "Of {n} other terms (controls, intercepts, balance) {moved} moved.",
    ),
    "hidden": Text("{n} niet getoond: --all toont alles.", "{n} not shown: --all shows all."),
    # records
    "persons": Text("{both} personen in beide{only}", "{both} persons in both{only}"),
    "only": Text(", {a} alleen in A, {b} alleen in B", ", {a} only in A, {b} only in B"),
    "rows": Text("{both} rijen in beide{only}", "{both} rows in both{only}"),
    "columns_same": Text("alle {all} kolommen gelijk", "all {all} columns the same"),
    "columns_differ": Text(
        "{n} van {all} kolommen verschillen ({cells} cellen)", "{n} of {all} columns differ ({cells} cells)"
    ),
    "observed_same": Text("de antwoorden gelijk", "the answers the same"),
    "observed_differ": Text("{cells} van {all} antwoorden verschillen", "{cells} of {all} answers differ"),
    "imputed_differ": Text(
        "{cells} van {all} geïmputeerde cellen verschillen", "{cells} of {all} imputed cells differ"
    ),
    "imputed_same": Text("geïmputeerde cellen gelijk", "imputed cells the same"),
    "columns_only": Text("{a} kolommen alleen in A, {b} alleen in B", "{a} columns only in A, {b} only in B"),
    "imputations": Text("m = {a} en {b}", "m = {a} and {b}"),
    "records_title": Text("Kolommen die verschillen", "Columns that differ"),
    "records_all": Text("Alle kolommen", "All columns"),
    "column": Text("Kolom", "Column"),
    "waves": Text("Meting", "Wave"),
    "cells": Text("Cellen", "Cells"),
    "answers": Text("Antwoorden", "Answers"),
    "imputed": Text("Geïmputeerd", "Imputed"),
    "change": Text("Soort", "Type"),
    "added": Text("kwam erbij", "added"),
    "removed": Text("verdween", "removed"),
    "type": Text("{a} wordt {b}", "{a} is now {b}"),
    "type_levels": Text("categorie", "levels"),
    "type_yes/no": Text("ja/nee", "yes/no"),
    "type_whole": Text("geheel getal", "whole number"),
    "type_number": Text("getal", "number"),
    "type_text": Text("tekst", "text"),
    "type_date": Text("datum", "date"),
    "records_note": Text(
        "Hoeveel cellen verschillen, in rijen die beide bestanden hebben; de volgorde van rijen doet er niet toe.",
        "How many cells differ, in rows that both files have; the order of the rows does not matter.",
    ),
    "imputed_note": Text(
        "Geïmputeerd: cellen die in beide bestanden een gat waren, over de eerste {m} imputaties.",
        "Imputed: cells that were a gap in both files, over the first {m} imputations.",
    ),
    # figures
    "figures": Text("{n} cijfers: {parts}.", "{n} figures: {parts}."),
    "figures_moved": Text("{n} anders", "{n} differ"),
    "figures_within": Text("{n} door afronding anders", "{n} differ by rounding"),
    "figures_title": Text("Cijfers die verschillen", "Figures that differ"),
    "figures_all": Text("Alle cijfers", "All figures"),
    "characteristic": Text("Kenmerk", "Characteristic"),
    "group": Text("Groep", "Group"),
    "statistic": Text("Maat", "Statistic"),
}


def words(key: str, language: Language, **values: object) -> str:
    """The text under `key`, with the values filled in."""
    return _TEXTS[key][language].format(**values)


def known(key: str, language: Language) -> str:
    """The text under `key`, or what follows its first underscore where there is none."""
    return _TEXTS[key][language] if key in _TEXTS else key.partition("_")[2]


def counted(n: int, key: str, language: Language) -> str:
    """`1 mark came`, `2 marks came`: what stands in brackets is for other numbers than one."""
    text = words(key, language, n=n)
    return text.replace("(en)", "" if n == 1 else "en").replace("(s)", "" if n == 1 else "s")
