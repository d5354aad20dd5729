"""Local randomisation: in a declared window about the cutoff, assignment is taken to be as if by lottery.

Cattaneo, Frandsen and Titiunik (2015, doi 10.1515/jci-2013-0010). It asks for more than the honest estimate: that
inside the window the outcome does not depend on the running variable but through assignment. A slope there is bias that
no interval of this file knows of; narrow windows and outcomes measured as changes from before make it small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.threshold.intervals import ratio_set
from pipeline.inference.designs.threshold.people import Columns, checked
from pipeline.inference.designs.threshold.points import Points, support_points
from pipeline.inference.designs.threshold.results import Jump, ThresholdEstimate, taking_up
from pipeline.vocabulary.errors import Fault, NotEstimable, RequestError

ESTIMATOR = "local_randomisation"
# Permutations held at once: memory is this many times the people in the window.
_BATCH = 100


def estimate(  # noqa: PLR0913 - the public signature
    frame: pd.DataFrame,
    *,
    outcome: str,
    running: str,
    cutoff: int,
    window: tuple[int, int],
    take_up: str | None = None,
    confidence: float = 0.95,
    permutations: int = 1_000,
    seed: int = 0,
) -> ThresholdEstimate:
    r"""The difference in means between people at or above the cutoff and below it, in the window.

    The interval is Student's t with Neyman's variance and Welch's degrees of freedom; ``p_value`` is that of Fisher's
    sharp null hypothesis by permutation with fixed margins, whose size is exact in finite samples. With ``take_up`` the
    effect is the ratio of two differences, its interval the set of :math:`\theta` at which outcomes less
    :math:`\theta` times take-up do not differ (Imbens and Rosenbaum 2005, doi 10.1111/j.1467-985X.2004.00339.x).

    Parameters
    ----------
    window
        The lowest and the highest value of the running variable that are in it, chosen before the outcome is seen.

    Raises
    ------
    RequestError
        If a column is not there, or the window does not reach both sides of the cutoff.
    DataRefused
        If a value is missing or not a number, the running variable is not whole, or take-up is neither 0 nor 1.
    NotEstimable
        If fewer than two people on a side are in the window, or the outcome does not vary.
    """
    columns = Columns(running=running, cutoff=float(cutoff), outcome=outcome, take_up=take_up)
    _refuse_arguments(cutoff, window, confidence=confidence, permutations=permutations)
    checked(frame, columns, whole=True)
    inside = frame.loc[frame[running].between(*window), [running, *columns.measured]]
    sides = _sides(inside, columns)
    p_values = [
        _randomised(inside, name, assigned=inside[running] >= cutoff, permutations=permutations, seed=seed)
        for name in columns.measured
    ]
    return _result(sides, p_values, window=window, confidence=confidence)


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """Each side's people as one point; a contrast's difference, variance and degrees of freedom."""

    treated: Points
    comparison: Points

    @property
    def difference(self) -> NDArray[np.float64]:
        return np.asarray((self.treated.mean - self.comparison.mean)[0])

    def variances(self, contrast: NDArray[np.float64]) -> tuple[float, float]:
        """The variance of each side's mean."""
        found = []
        for side in (self.treated, self.comparison):
            people = int(side.people[0])
            found.append(float(contrast @ side.products[0] @ contrast) / (people - 1) / people)
        return found[0], found[1]

    def half(self, contrast: NDArray[np.float64], *, confidence: float) -> float:
        """Half the length of Welch's interval."""
        from scipy.special import stdtrit

        variances = self.variances(contrast)
        total = sum(variances)
        if not total:
            return 0.0
        people = (int(self.treated.people[0]), int(self.comparison.people[0]))
        df = total**2 / sum(v**2 / (n - 1) for v, n in zip(variances, people, strict=True))
        return float(stdtrit(df, (1 + confidence) / 2)) * float(np.sqrt(total))


def _sides(inside: pd.DataFrame, columns: Columns) -> _Sides:
    assigned = inside[columns.running] >= columns.cutoff
    faults = [
        Fault(
            what=f"fewer than two people {side} the cutoff are in the window",
            column=columns.running,
            count=count,
            unit="people",
            remedy="Declare a wider window, or check who was included.",
        )
        for side, count in (("at or above", int(assigned.sum())), ("below", int((~assigned).sum())))
        if count <= 1
    ]
    if faults:
        raise NotEstimable(faults)
    together = inside.assign(**{columns.running: 0})
    made = [
        support_points(together[side], columns.measured, running=columns.running, cutoff=0.0)
        for side in (assigned, ~assigned)
    ]
    sides = _Sides(treated=made[0], comparison=made[1])
    if not sum(sides.variances(np.eye(len(columns.measured))[0])):
        raise NotEstimable(Fault(what="the outcome does not vary in the window", column=columns.measured[0]))
    return sides


def _result(sides: _Sides, p_values: list[float], *, window: tuple[int, int], confidence: float) -> ThresholdEstimate:
    jumps = [_jump(sides, place, p_value=p, confidence=confidence) for place, p in enumerate(p_values)]
    reduced, first = jumps[0], jumps[1] if len(jumps) > 1 else None
    people = (int(sides.treated.people[0]), int(sides.comparison.people[0]))
    return ThresholdEstimate(
        estimator=ESTIMATOR,
        outcome=reduced.column,
        **_effect(sides, reduced, first, confidence=confidence),
        maximum_bias=0.0,
        confidence=confidence,
        n_treated=people[0],
        n_comparison=people[1],
        taking_up_treated=None if first is None else taking_up(sides.treated),
        taking_up_comparison=None if first is None else taking_up(sides.comparison),
        bandwidth=float("nan"),
        lowest=float(window[0]),
        highest=float(window[1]),
        effective_observations=float(sum(people)),
        residual_df=sum(people) - 2,
        reduced_form=reduced,
        first_stage=first,
    )


def _effect(sides: _Sides, reduced: Jump, first: Jump | None, *, confidence: float) -> dict[str, float]:
    if first is None:
        return {
            "att": reduced.estimate,
            **{name: getattr(reduced, name) for name in ("std_error", "ci_lower", "ci_upper")},
        }
    lower, upper = ratio_set(
        reduced.estimate,
        first.estimate,
        half=lambda effect: sides.half(np.array([1.0, -effect]), confidence=confidence),
        first_half=(first.ci_upper - first.ci_lower) / 2,
    )
    if not first.estimate:
        return {"att": float("nan"), "std_error": float("nan"), "ci_lower": lower, "ci_upper": upper}
    att = reduced.estimate / first.estimate
    spread = float(np.sqrt(sum(sides.variances(np.array([1.0, -att])))))
    return {"att": att, "std_error": spread / abs(first.estimate), "ci_lower": lower, "ci_upper": upper}


def _jump(sides: _Sides, place: int, *, p_value: float, confidence: float) -> Jump:
    contrast = np.eye(len(sides.treated.names))[place]
    estimate, half = float(sides.difference[place]), sides.half(contrast, confidence=confidence)
    return Jump(
        column=sides.treated.names[place],
        estimate=estimate,
        std_error=float(np.sqrt(sum(sides.variances(contrast)))),
        maximum_bias=0.0,
        ci_lower=estimate - half,
        ci_upper=estimate + half,
        p_value=p_value,
        curvature=0.0,
        curvature_source="none",
    )


def _randomised(inside: pd.DataFrame, column: str, *, assigned: pd.Series, permutations: int, seed: int) -> float:
    """Fisher's p-value of the difference in means: the share of assignments with one as large, the actual one too."""
    values = np.sort(inside[column].to_numpy(dtype=np.float64))
    values -= values.mean()
    treated = int(assigned.sum())
    actual = abs(float((inside[column] - inside[column].mean())[assigned].sum()))
    random = np.random.default_rng(seed)
    extreme = 1
    for done in range(0, permutations, _BATCH):
        size = min(_BATCH, permutations - done)
        drawn = random.permuted(np.broadcast_to(values, (size, len(values))), axis=1)[:, :treated].sum(axis=1)
        # Sums of the same numbers in another order differ by rounding; such a draw is as large.
        extreme += int((np.abs(drawn) >= actual - 1e-9 * np.abs(values).sum()).sum())
    return extreme / (permutations + 1)


def _refuse_arguments(cutoff: int, window: tuple[int, int], *, confidence: float, permutations: int) -> None:
    faults = []
    if not window[0] < cutoff <= window[1]:
        remedy = "Its lowest value must be below the cutoff and its highest at it or above."
        faults.append(Fault(what="the window does not reach both sides of the cutoff", remedy=remedy))
    if not 0 < confidence < 1:
        faults.append(Fault(what="the confidence is not between 0 and 1"))
    if permutations < 1:
        faults.append(Fault(what="there is no permutation to compare with"))
    if faults:
        raise RequestError(faults)
