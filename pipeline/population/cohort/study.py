"""A staggered adoption's declaration with its months as integers and its optional parts proven present."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.vocabulary.codelists import Codelist
from pipeline.vocabulary.designs import Comparison, LinkedPanel, StaggeredAdoption, Waiting
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.index_events import IndexEvent
from pipeline.vocabulary.list_events import ElectiveList, TherapyList
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import COHORT, SPINE
from pipeline.vocabulary.windows import Window


@dataclass(frozen=True, kw_only=True)
class Study:
    """What the cohort is made from. Spans are inclusive, in months and in completed years of age.

    Attributes
    ----------
    codelists
        The code lists that the index event names.
    anticipation
        Months before an index event in which there may be effects already.
    longest
        Where people wait for treatment, in months: who waits longer is left out.
    linked
        The sources that a person must be linked to, besides the one that the index event comes from.
    """

    event: IndexEvent | ElectiveList | TherapyList
    codelists: Mapping[str, Codelist]
    comparison: Comparison | None
    window: Window
    anticipation: int
    ages: tuple[int, int]
    sex: str | None
    age_bands: tuple[int, ...]
    linked: tuple[str, ...]
    treated_between: tuple[int, int]
    observed_between: tuple[int, int]
    longest: int | None = None


def study(protocol: Protocol) -> Study:
    """The study that a protocol declares.

    Raises
    ------
    RequestError
        If the design is another one, a link is asked for that the spine does not know, or a stratum is no column of
        the cohort.
    """
    evaluation = protocol.evaluation
    design, eligibility = evaluation.design, evaluation.eligibility
    treated, observed = evaluation.treated_between, evaluation.observed_between
    if isinstance(design, LinkedPanel) or eligibility is None or treated is None or observed is None:
        raise RequestError(Fault(what=f"evaluation {protocol.name} has no index event"))
    event = design.index_event
    found = Study(
        event=event,
        codelists=protocol.codelists,
        comparison=design.comparison if isinstance(design, StaggeredAdoption | Waiting) else None,
        window=design.window,
        anticipation=design.anticipation,
        ages=eligibility.ages,
        sex=eligibility.sex,
        age_bands=evaluation.age_bands,
        linked=tuple(source for source in eligibility.linked if source != event.linked_by),
        treated_between=(parse_month(treated[0]), parse_month(treated[1])),
        observed_between=(parse_month(observed[0]), parse_month(observed[1])),
        longest=design.longest if isinstance(design, Waiting) else None,
    )
    _check_names(found, where=protocol.name)
    return found


def _check_names(found: Study, *, where: str) -> None:
    """Refuse sources and strata that no table has, all at once."""
    links = [name.removeprefix("linked_") for name in SPINE.names if name.startswith("linked_")]
    faults = [
        Fault(what=f"evaluation {where} asks for a link to {source}", remedy=f"The spine knows {', '.join(links)}.")
        for source in found.linked
        if source not in links
    ]
    faults += [
        Fault(what=f"evaluation {where} has the stratum {name}", remedy=f"The cohort has {', '.join(COHORT.names)}.")
        for name in (found.comparison.strata if found.comparison is not None else ())
        if name not in COHORT.names
    ]
    if faults:
        raise RequestError(faults)
