"""How small an effect could have been seen? The minimum detectable effect of each headline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.inference.diagnostics.effects import Effects, Row, headlines
from pipeline.vocabulary.schemas.results import DIAGNOSTICS

CHECK = "detectable_effect"


@dataclass(frozen=True, kw_only=True)
class Power:
    """A two-sided test of size ``alpha`` that finds what is there with probability ``power``."""

    alpha: float
    power: float

    @property
    def standard_errors(self) -> float:
        r""":math:`z_{1-\alpha/2} + z_{power}`: 2.80 for a test at 5% that finds four in five."""
        from scipy.special import ndtri

        return float(ndtri(1 - self.alpha / 2) + ndtri(self.power))


def check(estimates: pa.Table, *, smallest: Mapping[str, float], test: Power) -> pa.Table:
    """One row an outcome of the headline estimates: the effect in an average month that the test finds with its power.

    Bloom (1995), doi 10.1177/0193841X9501900504. It depends on the standard error alone, not on what was found, so it
    says what a study can see and not whether a finding is right. ``smallest`` is the smallest effect that matters, by
    the outcome's unit: at or below it passes, above it is for review, since an effect that matters may be missed.
    ``not evaluated`` in a unit for which none is declared.
    """
    return DIAGNOSTICS.of_rows(
        [_row(effects, smallest=smallest.get(effects.unit), test=test) for effects in headlines(estimates)]
    )


def _row(effects: Effects, *, smallest: float | None, test: Power) -> Row:
    _, error = effects.average()
    if not np.isfinite(error):
        sentence = "Not evaluated: no bin after the index has an estimate."
        return effects.row(CHECK, status="not evaluated", figure=None, threshold=smallest, sentence=sentence)
    figure = test.standard_errors * error
    said = (
        f"A test at {test.alpha:.1%} finds an average effect of {figure:.2f} {effects.unit} or more in at least "
        f"{test.power:.1%} of studies like this one"
    )
    if smallest is None:
        sentence = f"{said}; no smallest effect that matters is declared in this unit."
        return effects.row(CHECK, status="not evaluated", figure=figure, threshold=None, sentence=sentence)
    seen = figure <= smallest
    sentence = (
        f"{said}; {'so' if seen else 'but'} an effect of {smallest:.2f}, the smallest that is declared to matter, "
    )
    sentence += "would be seen." if seen else "would often be missed."
    status = "pass" if seen else "review"
    return effects.row(CHECK, status=status, figure=figure, threshold=smallest, sentence=sentence)
