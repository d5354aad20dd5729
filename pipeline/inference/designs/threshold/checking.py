"""Whether a threshold may be believed: rows of diagnostics from the density, what must not jump, and take-up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import Inference
from pipeline.inference.designs.threshold import continuity, density, honest
from pipeline.inference.designs.threshold.changes import RUNNING, TOOK_UP, changes, characteristics, column, design_of
from pipeline.vocabulary.designs import Threshold
from pipeline.vocabulary.errors import Fault, NotEstimable
from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.results import DIAGNOSTICS


@dataclass(frozen=True)
class Figure:
    """What a check found, and what it says of it whether it passes or not; a p-value unless ``is_f``."""

    figure: float
    passing: str
    failing: str
    is_f: bool = False

    @property
    def words(self) -> str:
        """The figure as it is printed."""
        if self.is_f:
            return f"F = {self.figure:.1f}"
        return "p < 0.001" if self.figure < 0.001 else f"p = {self.figure:.3f}"  # noqa: PLR2004 - as journals print it


def checks(panel: Panel, protocol: Protocol, settings: Inference) -> pa.Table:
    """One row a check (schema ``DIAGNOSTICS``), of placebo outcomes one an outcome.

    The others concern who is where, and stand beside the first outcome. A heap at the cutoff, a jump of the density, or
    an outcome that jumps before anything is assigned fails; a characteristic that jumps and a weak first stage are for
    review. A check that the people do not allow is not evaluated.

    Raises
    ------
    RequestError
        If the protocol is of another design.
    """
    design, outcome = design_of(protocol), protocol.evaluation.outcomes[0].name
    people = characteristics(panel, outcome=outcome)
    taken = changes(panel, outcome, design=design)
    alpha = settings.pre_trend_alpha
    found = [
        _row(protocol, "density_heap", lambda: _heap(people, design), threshold=alpha, failing="fail"),
        _row(protocol, "density_jump", lambda: _jump(people, design), threshold=alpha, failing="fail"),
        _row(protocol, "continuity", lambda: _smooth(people, design), threshold=alpha, failing="review"),
        _row(protocol, "first_stage", lambda: _first_stage(taken, design), threshold=design.least_f, failing="review"),
        *(_of_placebo(panel, protocol, each, alpha=alpha) for each in protocol.evaluation.outcomes),
    ]
    return DIAGNOSTICS.of_rows(found)


def _heap(people: pd.DataFrame, design: Threshold) -> Figure:
    check = density.frandsen(people, running=RUNNING, cutoff=design.cutoff, k=design.frequency_bend)
    found = f"The number of people at {design.cutoff}, beside the values next to it,"
    return Figure(
        check.p_value, f"{found} is what a smooth density gives", f"{found} is not what a smooth density gives"
    )


def _jump(people: pd.DataFrame, design: Threshold) -> Figure:
    bound = design.log_frequency_curvature
    jump = density.density_jump(people, running=RUNNING, cutoff=design.cutoff, curvature=bound)
    found = f"The density of {design.running}"
    return Figure(
        jump.p_value, f"{found} does not jump detectably at {design.cutoff}", f"{found} jumps at {design.cutoff}"
    )


def _smooth(people: pd.DataFrame, design: Threshold) -> Figure:
    """The smallest of the adjusted p-values."""
    found = continuity.covariates(people, running=RUNNING, cutoff=design.cutoff, curvature=design.smooth)
    names = " and ".join(found.about)
    return Figure(
        found.p_value,
        f"Nothing of {names} jumps detectably at {design.cutoff}",
        f"Some of {names} jump at {design.cutoff}",
    )


def _of_placebo(panel: Panel, protocol: Protocol, outcome: Outcome, *, alpha: float) -> dict[str, object]:
    """The row of one outcome before the reference, when nobody was assigned to anything."""
    design = design_of(protocol)

    def figured() -> Figure:
        people = changes(panel, outcome.name, design=design)
        return _placebo(people, design, bound=design.curvature[outcome.name] / outcome.scale)

    row = _row(protocol, "placebo_outcome", figured, threshold=alpha, failing="fail")
    return row | {"outcome": outcome.name}


def _placebo(people: pd.DataFrame, design: Threshold, *, bound: float) -> Figure:
    """The smallest of the adjusted p-values of the bins before the reference.

    Raises
    ------
    NotEstimable
        If there is no such bin, or too few people.
    """
    before = [column(each) for each in design.window.binned if each.last < design.window.reference[0]]
    if not before:
        raise NotEstimable(Fault(what="no month before the reference is studied"))
    bounds = dict.fromkeys(before, bound)
    found = continuity.covariates(people, running=RUNNING, cutoff=design.cutoff, curvature=bounds)
    change = "From before the reference to the reference, when nobody was assigned, the change"
    return Figure(
        found.p_value, f"{change} does not jump detectably at {design.cutoff}", f"{change} jumps at {design.cutoff}"
    )


def _first_stage(people: pd.DataFrame, design: Threshold) -> Figure:
    """The F of the jump in take-up, at the bandwidth that take-up itself asks for."""
    jump = honest.estimate(
        people, outcome=TOOK_UP, running=RUNNING, cutoff=design.cutoff, curvature=design.take_up_curvature
    ).reduced_form
    found = f"At {design.cutoff} the share who take up jumps"
    return Figure(
        jump.statistic, f"{found} enough for an instrument", f"{found} too little for an instrument", is_f=True
    )


def _row(
    protocol: Protocol, check: str, figured: Callable[[], Figure], *, threshold: float, failing: str
) -> dict[str, object]:
    labels: dict[str, object] = {
        "evaluation": protocol.name,
        "check": check,
        "estimator": protocol.evaluation.design.headline,
        "outcome": protocol.evaluation.outcomes[0].name,
        "threshold": threshold,
    }
    try:
        found = figured()
    except NotEstimable:
        sentence = "There are too few people about the cutoff, or no months, for this check."
        return labels | {"status": "not evaluated", "figure": None, "sentence": sentence}
    passed = found.figure >= threshold
    sentence = f"{found.passing if passed else found.failing} ({found.words})."
    return labels | {"status": "pass" if passed else failing, "figure": found.figure, "sentence": sentence}
