"""Secondary suppression: enough, and no more than enough, on tables small enough to try every choice."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import sparse

from pipeline.release.disclosure.blocks import Block
from pipeline.release.disclosure.intervals import unprotected
from pipeline.release.disclosure.suppression import hiding, withheld_with

ROWS, COLUMNS, PROTECTION, THRESHOLD = 2, 3, 4, 6


def block_of(counts) -> Block:
    """A table of exact counts with both margins, small ones withheld."""
    inner = np.asarray(counts, dtype=float).ravel()
    margins = np.concatenate([np.reshape(inner, (ROWS, COLUMNS)).sum(axis=axis) for axis in (1, 0)])
    exact = np.concatenate([inner, margins])
    sums = np.zeros((ROWS + COLUMNS, len(exact)))
    for row, column in product(range(ROWS), range(COLUMNS)):
        sums[row, row * COLUMNS + column] = sums[ROWS + column, row * COLUMNS + column] = -1
    sums[:, len(inner) :] = np.eye(ROWS + COLUMNS)
    small = np.append((inner >= 1) & (inner < THRESHOLD), np.zeros(len(margins), dtype=bool))
    return Block(
        unknowns=np.arange(len(exact)),
        equations=sparse.csr_array(sums),
        exact=exact,
        least=np.where(small, 1, exact),
        most=np.where(small, THRESHOLD - 1, exact),
        needed=np.where(small, PROTECTION, 0),
        if_withheld=np.where(small, PROTECTION, np.where(exact > 0, 1, 0)),
    )


def cost_of(block: Block):
    """One a cell of the table; margins and what is withheld already cannot be."""
    inner = np.arange(len(block.exact)) < ROWS * COLUMNS
    return np.where(inner & (block.needed == 0), 1.0, np.inf)


def fewest(block: Block, cost):
    """How many cells the cheapest choice withholds that protects everything, by trying them all."""
    free = np.flatnonzero(np.isfinite(cost))
    for choice in sorted(product([False, True], repeat=len(free)), key=sum):
        withheld = np.zeros(len(cost), dtype=bool)
        withheld[free] = choice
        if not unprotected(hiding(block, withheld)):
            return sum(choice)
    return None


@pytest.mark.parametrize("seed", range(12))
def test_no_choice_of_fewer_cells_protects_everything(seed):
    block = block_of(np.random.default_rng(seed).poisson(9, (ROWS, COLUMNS)))
    cost = cost_of(block)
    chosen = withheld_with(block, cost)
    best = fewest(block, cost)
    assert (None if chosen is None else int(chosen.sum())) == best
    assert chosen is None or not unprotected(hiding(block, chosen))


def test_some_of_these_tables_need_more_withheld_and_some_cannot_be_protected():
    found = {fewest(block, cost_of(block)) for block in map(block_of, ([[3, 9, 9], [9, 9, 9]], [[9, 9, 9], [9, 8, 7]]))}
    assert found == {3, 0}
    assert withheld_with(block_of([[3, 9, 9], [9, 9, 9]]), np.full(11, np.inf)) is None
