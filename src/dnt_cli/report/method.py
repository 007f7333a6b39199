"""The method, written from the settings that the results were made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dnt_cli.effects.errors import errors_note
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.notes import control_notes
from dnt_cli.imputation.block_plan import LEAST_SITES, LEAST_WAVES
from dnt_cli.imputed.result import Imputations
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.report.material import Material
from dnt_cli.report.model import Block, Heading, Paragraph
from dnt_cli.study import Study
from dnt_cli.tables import Counts
from dnt_cli.wording import within_sentence


def method(material: Material) -> Iterator[Block]:
    """Missing answers, models, checks, software; each as far as a result tells."""
    say = material.wording.text
    if material.estimates is None and material.first(Imputations) is None:
        return
    yield Heading(say("report.missing_head"))
    yield Paragraph(_missing(material), counts=Counts())
    if material.estimates is not None:
        yield Heading(say("report.models_head"))
        yield from (Paragraph(text, counts=Counts()) for text in _models(material))
    if material.robustness is not None:
        yield Heading(say("report.checks_head"))
        yield from _checks(material)
    yield Heading(say("report.software_head"))
    versions = ", ".join(f"{name} {version}" for name, version in material.versions().items())
    yield Paragraph(say("report.software", versions=versions), counts=Counts())


def _missing(material: Material) -> str:
    """How the gaps were filled."""
    say, found = material.wording.text, material.step("impute")
    if not {"m", "method", "iterations", "seed"} <= found.keys():
        m = 1 if material.estimates is None else int(material.estimates.estimates["m"].max())
        return say("report.imputed_elsewhere", m=m) if m > 1 else say("report.not_imputed")
    name = say(f"report.method_{found['method']}", donors=found.get("donors"))
    if _in_blocks(found, material.wording.study):
        known = found.get("sites") == "auto" and material.wording.study.design.site is not None
        sites = say("report.method_sites", least=LEAST_SITES) if known else ""
        name = say("report.method_blocks", sites=sites, rest=name)
    return say("report.imputed", m=found["m"], method=name, iterations=found["iterations"], seed=found["seed"])


def _in_blocks(settings: Mapping[str, Any], study: Study) -> bool:
    """Whether the imputation took the waves of an outcome together."""
    often = any(len(own.waves) >= LEAST_WAVES and not own.conditional_on for own in study.measured.values())
    return often and settings.get("blocks") == "auto" and settings["method"] != "forest"


def _models(material: Material) -> Iterator[str]:
    """The models behind the effects that are there, and their controls."""
    assert material.estimates is not None
    rows, wording = material.estimates.estimates, material.wording
    study, say = wording.study, wording.text
    survey = rows[~rows["outcome"].map(study.is_register)]
    wave = study.design.endpoint
    for kind in KINDS:
        if ((rows["analysis"] == ENDPOINT) & (rows["kind"] == kind)).any():
            yield say(f"report.endpoint_{kind}", wave=wave)
    trend = (rows["analysis"] == LONGITUDINAL).any()
    if trend:
        yield say("report.trend_models", unit=wording.unit())
    at_endpoint, over_time = (survey[survey["analysis"] == name] for name in (ENDPOINT, LONGITUDINAL))
    for name, own in (("endpoint", at_endpoint), ("trend", over_time), ("register", rows.drop(survey.index))):
        held = control_notes(own.drop_duplicates("outcome"), wording)
        if held:
            yield say(f"report.controls_{name}", wave=wave, controls=" ".join(note.text for note in held))
    if trend and material.step("fit-longitudinal").get("controls") is None and len(study.models.ladder) > 1:
        rungs = "; ".join(f"({i}) {_labels(own, material)}" for i, own in enumerate(study.models.ladder, start=1))
        yield say("report.controls_ladder", rungs=rungs)
    yield say("report.marks", marks=" ".join([wording.marks_note(), *errors_note(rows, wording)]))


def _labels(keys: tuple[str, ...], material: Material) -> str:
    wording = material.wording
    return ", ".join(within_sentence(wording.label(key)) for key in keys) or wording.text("report.no_controls")


def _checks(material: Material) -> Iterator[Block]:
    """The checks that were done, and why others were not."""
    from dnt_cli.robustness.result import codes

    result, wording = material.robustness, material.wording
    assert result is not None
    yield Paragraph(wording.text("report.checks_lead"))
    names = codes(result.labels)
    for key, label in result.labels.items():
        yield Paragraph(wording.text("report.check", code=names[key], label=wording.messages(label)), "item", Counts())
    for key, reason in sorted(result.left_out.items()):
        told = wording.messages(reason)
        yield Paragraph(wording.text("report.check_left_out", code=key[0], reason=told), "item")
