"""The audit: what everything published, here and in all earlier releases, says of what is withheld.

Each withheld count, and each difference of two samples of which one is within the other, must be left with as many
values as the profile's protection range has. Where it is not, further cells are withheld (:mod:`.suppression`); where
no further cell can help, because an earlier release has shown it, the release is refused.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.blocks import Block, blocks
from pipeline.release.disclosure.cells import KEY
from pipeline.release.disclosure.intervals import unprotected
from pipeline.release.disclosure.relations import System, system
from pipeline.release.disclosure.suppression import hiding, withheld_with
from pipeline.vocabulary.errors import DisclosureError, Fault

_FOR_EVERYBODY = 10.0
"""How many levels' cells one cell for everybody is worth, where there is a choice."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What an audit found.

    Attributes
    ----------
    cells
        How many counts and differences needed protection.
    withheld
        The keys of ``CELLS`` that must be withheld besides, for the others' sake.
    """

    cells: int
    withheld: pd.DataFrame


def audit(cells: pd.DataFrame, earlier: pd.DataFrame, *, rules: DisclosureProfile) -> Audit:
    """What must be withheld besides, so that nothing withheld is left with fewer values than the protection range.

    Parameters
    ----------
    cells
        The ``CELLS`` of the release under way.
    earlier
        Those of all earlier releases, with a column ``release``.

    Raises
    ------
    DisclosureError
        If something cannot be protected: which table and characteristic, how many cells, what may help.
    """
    tied = system(cells, earlier, threshold=rules.threshold)
    cost = _cost(tied.unknowns)
    looked, chosen, beyond = 0, np.zeros(len(tied.unknowns), dtype=bool), Counter[tuple[str, str]]()
    for block in blocks(tied, rules=rules):
        looked += int((block.needed > 0).sum())
        if not unprotected(block):
            continue
        asked, own = _not_out_already(block, tied, cost), _of_block(cost, block)
        withheld = withheld_with(asked, own)
        if withheld is None:
            beyond.update(_where(asked, tied))
        else:
            chosen[block.unknowns[withheld]] = True
    if beyond:
        raise DisclosureError([_finding(*place, count=count) for place, count in sorted(beyond.items())])
    return Audit(cells=looked, withheld=tied.unknowns.loc[chosen, list(KEY)].reset_index(drop=True))


def refuse_exposed(cells: pd.DataFrame, earlier: pd.DataFrame, *, rules: DisclosureProfile) -> int:
    """How many counts and differences are protected as the cells stand; nothing is withheld besides.

    Raises
    ------
    DisclosureError
        If one is left with fewer values than the protection range.
    """
    tied = system(cells, earlier, threshold=rules.threshold)
    cost = _cost(tied.unknowns)
    looked, beyond = 0, Counter[tuple[str, str]]()
    for block in blocks(tied, rules=rules):
        looked += int((block.needed > 0).sum())
        if unprotected(block):
            beyond.update(_where(_not_out_already(block, tied, cost), tied))
    if beyond:
        raise DisclosureError([_finding(*place, count=count) for place, count in sorted(beyond.items())])
    return looked


def _not_out_already(block: Block, tied: System, cost: NDArray[np.float64]) -> Block:
    """The block without demands for cells of earlier releases alone that these have given away by themselves.

    They are exposed even if everything that can be is withheld now: nothing that this release does would mend it.
    """
    current = np.append(tied.unknowns["current"].to_numpy(), values=False)[block.unknowns]
    tied_to = abs(block.equations)
    touched = (tied_to.T @ (tied_to @ current.astype(float))) > 0
    now = np.where(block.unknowns >= 0, current, touched)
    out = [place for place in unprotected(hiding(block, np.isfinite(_of_block(cost, block)))) if not now[place]]
    needed = block.needed.copy()
    needed[out] = 0
    return replace(block, needed=needed)


def _cost(unknowns: pd.DataFrame) -> NDArray[np.float64]:
    """What is lost with each unknown: one cell, more for everybody, a little more for more people."""
    everybody = (unknowns["characteristic"] == "all") & (unknowns["table"] != "attrition")
    people = unknowns["exact"] / (1 + unknowns["exact"].max())
    cost = np.where(everybody, _FOR_EVERYBODY, 1.0) + people.to_numpy(np.float64)
    return np.where(unknowns["shown"] & unknowns["current"] & ~unknowns["shown_before"], cost, np.inf)


def _of_block(cost: NDArray[np.float64], block: Block) -> NDArray[np.float64]:
    return np.where(block.unknowns >= 0, cost[block.unknowns], np.inf)


def _where(block: Block, tied: System) -> list[tuple[str, str]]:
    """Table and characteristic of what is exposed; of a difference those of the block's first cell."""
    first = block.unknowns[block.unknowns >= 0][0]
    places = [block.unknowns[place] if block.unknowns[place] >= 0 else first for place in unprotected(block)]
    return [tuple(tied.unknowns.loc[place, ["table", "characteristic"]]) for place in places]


def _finding(table: str, characteristic: str, *, count: int) -> Fault:
    named = f"{characteristic}, or drop it" if characteristic not in ("all", "") else "a characteristic, or drop one"
    return Fault(
        what="a count that is withheld could be had from what is published, here and in earlier releases",
        source=table,
        column=characteristic,
        count=count,
        unit="cells",
        remedy=f"Merge levels (bands) of {named}; or wait for a delivery with more people.",
    )
