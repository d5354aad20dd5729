"""Unknown counts that are tied together, with what a reader knows of each and how well each must be hidden."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.cells import values_shown
from pipeline.release.disclosure.relations import Relation, System, members


@dataclass(frozen=True, kw_only=True)
class Block:
    """Unknowns that equations tie to one another and to no others.

    Attributes
    ----------
    unknowns
        Rows of the system's unknowns, or -1 for the rest of a relation.
    equations
        ``(relations, unknowns)``: 1 for a total, -1 for a part or the rest; every row sums to zero.
    exact, least, most
        One each unknown: the true count and what a reader knows of it by itself; ``most`` is finite.
    needed
        How many values must be left for it; 0 where it needs no protection.
    if_withheld
        How many must be left for it once it is withheld.
    """

    unknowns: NDArray[np.int64]
    equations: sparse.csr_array
    exact: NDArray[np.float64]
    least: NDArray[np.float64]
    most: NDArray[np.float64]
    needed: NDArray[np.int64]
    if_withheld: NDArray[np.int64]


def blocks(tied: System, *, rules: DisclosureProfile) -> Iterator[Block]:
    """The blocks of a system in which something needs protection.

    A count that is withheld because it is small must be left with the ``protection`` of the profile, or with as many
    values as a reader starts from; one that is withheld for others' sake with as many as if it were shown. The rest of
    a relation, or a difference of two samples, of 1 to ``threshold - 1`` people must be left with the ``protection``
    too, unless it may be nobody at all. A withheld zero needs none. Blocks of earlier releases alone were looked at
    when these were made.
    """
    known, relations = tied.unknowns, tied.relations
    if not relations:
        return
    exact = known["exact"].to_numpy(np.float64)
    rest = np.array([exact[one.total] - exact[list(one.parts)].sum() for one in relations if not one.closed])
    safe = values_shown(known["exact"], rules=rules)
    values = (known["most"] - known["least"] + 1).where(known["small"], safe).clip(upper=rules.protection)
    left = values.where(known["exact"] > 0, 0).to_numpy()
    few = np.where((rest >= 1) & (rest < rules.threshold), rules.protection, 0)
    whole = Block(
        unknowns=np.concatenate([np.arange(len(known)), np.full(len(rest), -1)]),
        equations=_equations(relations, unknowns=len(known)),
        exact=np.concatenate([exact, rest]),
        least=np.concatenate([known["least"].to_numpy(np.float64), np.zeros(len(rest))]),
        most=np.concatenate([known["most"].to_numpy(np.float64), np.full(len(rest), np.inf)]),
        needed=np.concatenate([np.where(known["shown"], 0, left), few]).astype(np.int64),
        if_withheld=np.concatenate([left, np.zeros(len(rest))]).astype(np.int64),
    )
    current = np.append(known["current"].to_numpy(), values=False)  # the rest of a relation, at -1, is of no release
    yield from (block for block in _parted(whole) if current[block.unknowns].any())


def _equations(relations: Sequence[Relation], *, unknowns: int) -> sparse.csr_array:
    """One row a relation: total less parts, less a rest of its own where there is one."""
    opened = np.flatnonzero([not relation.closed for relation in relations])
    pairs = members(relations)
    signs = np.concatenate([[1.0, *[-1.0] * len(relation.parts)] for relation in relations])
    rows = np.concatenate([pairs[:, 0], opened])
    columns = np.concatenate([pairs[:, 1], unknowns + np.arange(len(opened))])
    shape = (len(relations), unknowns + len(opened))
    return sparse.csr_array((np.concatenate([signs, -np.ones(len(opened))]), (rows, columns)), shape=shape)


def _parted(whole: Block) -> Iterator[Block]:
    """The connected parts of a block in which something needs protection, every bound finite."""
    links = abs(whole.equations)
    _, label = connected_components(links.T @ links, directed=False)
    order = np.argsort(label, kind="stable")
    for one in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        if not whole.needed[one].any():
            continue
        columns = whole.equations[:, one]
        equations = columns[np.diff(columns.indptr) > 0]
        most = whole.most[one]
        ceiling = np.where(np.isfinite(most), most, whole.exact[one]).sum() * 2 + 1000
        yield Block(
            unknowns=whole.unknowns[one],
            equations=equations,
            exact=whole.exact[one],
            least=whole.least[one],
            most=np.where(np.isfinite(most), most, ceiling),
            needed=whole.needed[one],
            if_withheld=whole.if_withheld[one],
        )
