"""Secondary suppression: the fewest further cells to withhold so that nothing withheld is known too well.

The method of Fischetti and Salazar-Gonzalez (2001, doi 10.1287/mnsc.47.7.1008.9770): whatever bounds an interval says,
in its dual prices, which cells must become unknown before it can widen; an integer program chooses the cheapest that
meet all such demands, and the intervals are solved again. Both by HiGHS.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from pipeline.release.disclosure.blocks import Block
from pipeline.release.disclosure.intervals import Interval, unprotected

_ROUNDS = 50
"""More than any table of a release needs; a block that is not done by then is refused."""


def withheld_with(block: Block, cost: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Which further unknowns of a block must be withheld; ``None`` where no choice protects everything.

    Where the cheapest choice is not found, all that can be withheld are, if that protects everything.

    Parameters
    ----------
    cost
        What is lost with each unknown; infinite where it cannot be withheld (it is already, or an earlier release has
        it).
    """
    withheld = np.zeros(len(cost), dtype=bool)
    demands: list[tuple[NDArray[np.float64], float]] = []
    for _ in range(_ROUNDS):
        tried = hiding(block, withheld)
        exposed = unprotected(tried)
        if not exposed:
            return withheld
        demands += [_demand(tried, place, interval, withheld, block) for place, interval in exposed.items()]
        chosen = _cheapest(cost, demands)
        if chosen is None or (chosen == withheld).all():
            break
        withheld = chosen
    everything = np.isfinite(cost)
    return None if unprotected(hiding(block, everything)) else everything


def hiding(block: Block, withheld: NDArray[np.bool_]) -> Block:
    """The block as a reader has it once some unknowns are withheld: nothing is known of them by themselves."""
    ceiling = float(block.most.max())
    return replace(
        block,
        least=np.where(withheld, 0.0, block.least),
        most=np.where(withheld, ceiling, block.most),
        needed=np.where(withheld, np.maximum(block.needed, block.if_withheld), block.needed),
    )


def _demand(
    tried: Block, place: int, interval: Interval, withheld: NDArray[np.bool_], block: Block
) -> tuple[NDArray[np.float64], float]:
    """What withholding each unknown can add to an interval at most, and what it lacks.

    An unknown that is withheld for others' sake lacks it only if it is; a rest lacks no more than would let it be
    nobody.
    """
    lacking = float(tried.needed[place] - interval.size)
    lacking = min(lacking, interval.lowest) if block.unknowns[place] < 0 else lacking
    gain = interval.by_least * block.least + interval.by_most * (block.most.max() - block.most)
    gain = np.minimum(np.round(np.where(withheld, 0.0, gain), 6), lacking)
    if not withheld[place]:
        return gain, lacking
    gain[place] = -lacking
    return gain, 0.0


def _cheapest(cost: NDArray[np.float64], demands: list[tuple[NDArray[np.float64], float]]) -> NDArray[np.bool_] | None:
    """The cheapest choice of unknowns that meets every demand."""
    free = np.isfinite(cost)
    gains = np.array([gain for gain, _ in demands])
    solved = optimize.milp(
        np.where(free, cost, 0.0),
        integrality=np.ones(len(cost)),
        bounds=optimize.Bounds(0, free.astype(float)),
        constraints=optimize.LinearConstraint(gains, lb=[lacking for _, lacking in demands]),
    )
    return solved.x.round().astype(bool) if solved.success else None
