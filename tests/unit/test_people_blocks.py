"""People in blocks: who is treated alike, and observed in the same months, stands together."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.inference.moments.group_time import blocks
from pipeline.inference.moments.group_time.blocks import Block, people_blocks
from pipeline.inference.moments.group_time.nuisance import symmetric
from pipeline.inference.moments.people.design import NO_COVARIATES
from pipeline.vocabulary.panels import PanelShard

N = 1500


def drawn_shard(n_months: int, seed: int = 3) -> PanelShard:
    """People with few distinct masks, of which some differ in the first or the last month alone."""
    random = np.random.default_rng(seed)
    masks = random.random((6, n_months)) < 0.8
    masks[1] = masks[0]
    masks[1, -1] ^= True
    masks[2] = masks[0]
    masks[2, 0] ^= True
    return PanelShard(
        first_month=100,
        outcome=np.where(masks[random.integers(0, 6, N)], random.normal(size=(N, n_months)), np.nan),
        treatment_month=np.where(random.random(N) < 0.5, random.integers(103, 106, N), np.nan),
        levels={"sex": random.integers(0, 2, N).astype(np.int32)},
    )


def kinds(block: Block) -> np.ndarray:
    """What people must share to stand together, as a row each."""
    month = np.nan_to_num(block.treatment_month, nan=-1.0)
    return np.column_stack([month, block.level, block.observed])


@pytest.mark.parametrize("n_months", [1, 63, 64, 65, 130])
def test_a_start_is_where_mask_level_or_treatment_month_changes(monkeypatch, n_months):
    monkeypatch.setattr(blocks, "_FEWEST", 100)
    monkeypatch.setattr(blocks, "_MOST", 400)
    shard = drawn_shard(n_months)
    seen = 0
    for block in people_blocks(shard, NO_COVARIATES, subgroup="sex"):
        rows = kinds(block)
        changes = 1 + np.flatnonzero((rows[1:] != rows[:-1]).any(axis=1))
        assert block.starts.tolist() == [0, *changes.tolist()]
        assert len(np.unique(rows, axis=0)) == len(block.starts)
        seen += len(rows)
    assert seen == (~np.isnan(shard.outcome)).any(axis=1).sum()


def test_runs_hold_everybody_of_a_group_in_the_block():
    (block,) = people_blocks(drawn_shard(20), NO_COVARIATES, subgroup="sex", width=1)
    runs = list(block.runs())
    assert len({run.group for run in runs}) == len(runs) == 8
    assert [run.rows.start for run in runs] == [0, *(run.rows.stop for run in runs[:-1])]
    assert sum(run.sizes.sum() for run in runs) == N
    for run in runs:
        assert (block.level[run.rows] == run.group.level).all()
        months = set(np.nan_to_num(block.treatment_month[run.rows], nan=-1.0).tolist())
        assert months == {-1.0 if run.group.treatment_month is None else run.group.treatment_month}


def test_packed_products_are_a_symmetric_matrix():
    random = np.random.default_rng(0)
    design = random.normal(size=(7, 4))
    first, second = np.triu_indices(4)
    packed = (design[:, first] * design[:, second]).sum(axis=0)
    np.testing.assert_allclose(symmetric(packed[None], p=4)[0], design.T @ design)
