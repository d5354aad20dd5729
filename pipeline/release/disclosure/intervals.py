"""How far an unknown count can lie from the truth, given all that is shown.

The reader's problem is a linear program (Fischetti and Salazar-Gonzalez 2001, doi 10.1287/mnsc.47.7.1008.9770): the
smallest and the largest value of a count under every equation and every bound. Both are solved by HiGHS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from pipeline.release.disclosure.blocks import Block

_SLACK = 1e-6
"""What the solver's bounds may be off by: its own feasibility tolerance is 1e-7, counts are whole numbers."""

_DIGITS = 4
"""Of positions, by which unknowns are pushed together: eight programs a block, each of which spares two an unknown."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """What is attainable for one unknown, and by how much each bound would widen it per unit.

    Attributes
    ----------
    lowest, highest
        The ends, whole numbers.
    by_least, by_most
        One each unknown: how much wider the interval becomes at most when a unit is taken off its least or put on its
        most.
    """

    lowest: int
    highest: int
    by_least: NDArray[np.float64]
    by_most: NDArray[np.float64]

    @property
    def size(self) -> int:
        """How many whole numbers it holds."""
        return self.highest - self.lowest + 1


def unprotected(block: Block) -> dict[int, Interval]:
    """The unknowns of a block that are left with fewer values than they need, by position."""
    found = {}
    for place in _doubtful(block):
        interval = attainable(block, place)
        if not protected(block, place, interval):
            found[place] = interval
    return found


def protected(block: Block, place: int, interval: Interval) -> bool:
    """Whether an interval has what its unknown needs; a rest, which no table shows, may also be nobody."""
    may_be_nobody = block.unknowns[place] < 0 and interval.lowest == 0
    return may_be_nobody or interval.size >= block.needed[place]


def _doubtful(block: Block) -> list[int]:
    """The unknowns that need a program of their own: points that push many at once show the others to be protected.

    Whatever lies between two points that a reader cannot rule out is attainable. Each program moves every unknown that
    is still in doubt as far as it needs, half of them up and half down, by the digits of their positions.
    """
    doubtful = (block.needed > 0) & ~_surely_protected(block)
    above = below = np.zeros(len(block.exact))
    for push in range(2 * _DIGITS):
        places = np.flatnonzero(doubtful)
        if len(places) <= 1:
            break
        digit = (np.arange(len(places)) >> (push // 2)) & 1 if push > 1 else np.zeros(len(places), dtype=np.int64)
        point = _pushed(block, places, np.where(digit == push % 2, 1.0, -1.0))
        above, below = np.maximum(above, point - block.exact), np.maximum(below, block.exact - point)
        doubtful &= np.floor(above + _SLACK) + np.floor(below + _SLACK) + 1 < block.needed
    return [int(place) for place in np.flatnonzero(doubtful)]


def _pushed(block: Block, places: NDArray[np.int64], signs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts that a reader cannot rule out, with some unknowns moved from the truth as far as they need or can."""
    least, most, reach = block.least.copy(), block.most.copy(), block.needed[places] - 1
    least[places] = np.maximum(least[places], block.exact[places] - reach)
    most[places] = np.minimum(most[places], block.exact[places] + reach)
    objective = np.zeros(len(block.exact))
    objective[places] = -signs
    point: NDArray[np.float64] = _solved(objective, block, least=least, most=most).x
    return point


def attainable(block: Block, place: int) -> Interval:
    """The interval of one unknown, by two linear programs over the block."""
    lowest, down = _extreme(block, place, sign=1.0)
    highest, up = _extreme(block, place, sign=-1.0)
    return Interval(
        lowest=int(np.ceil(lowest - _SLACK)),
        highest=int(np.floor(highest + _SLACK)),
        by_least=down.lower.marginals + up.lower.marginals,
        by_most=-(down.upper.marginals + up.upper.marginals),
    )


def _extreme(block: Block, place: int, *, sign: float) -> tuple[float, optimize.OptimizeResult]:
    objective = np.zeros(len(block.exact))
    objective[place] = sign
    solved = _solved(objective, block, least=block.least, most=block.most)
    return float(sign * solved.fun), solved


def _solved(
    objective: NDArray[np.float64], block: Block, *, least: NDArray[np.float64], most: NDArray[np.float64]
) -> optimize.OptimizeResult:
    return optimize.linprog(
        objective,
        A_eq=block.equations,
        b_eq=np.zeros(block.equations.shape[0]),
        bounds=np.column_stack([least, most]),
        method="highs",
    )


def _surely_protected(block: Block) -> NDArray[np.bool_]:
    """Unknowns of one equation alone that are seen to be protected without solving anything.

    Others of that equation that are in no other either can take up what this one gives, up to their own bounds; so many
    values are attainable at the least, counted from the truth.
    """
    alone = np.asarray((abs(block.equations)).sum(axis=0)).ravel() == 1
    rows = block.equations.tocoo()
    sign = rows.data
    above, below = block.most - block.exact, block.exact - block.least
    movable = alone[rows.coords[1]]
    up_room = np.where(movable, np.where(sign > 0, above[rows.coords[1]], below[rows.coords[1]]), 0.0)
    down_room = np.where(movable, np.where(sign > 0, below[rows.coords[1]], above[rows.coords[1]]), 0.0)
    shape = block.equations.shape[0]
    total_up = np.bincount(rows.coords[0], up_room, minlength=shape)
    total_down = np.bincount(rows.coords[0], down_room, minlength=shape)
    raised, lowered = total_up[rows.coords[0]] - up_room, total_down[rows.coords[0]] - down_room
    raised, lowered = np.where(sign > 0, lowered, raised), np.where(sign > 0, raised, lowered)
    column = rows.coords[1]
    values = 1 + np.minimum(above[column], raised) + np.minimum(below[column], lowered)
    protected = np.zeros(len(block.exact), dtype=bool)
    protected[column[movable]] = values[movable] >= block.needed[column[movable]]
    return protected
