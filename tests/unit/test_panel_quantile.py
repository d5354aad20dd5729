"""The top-code's quantile: exact, however the values are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.population.panel.prices import upper_quantile

ROUNDING = 1e-12
"""Two ways to interpolate between two integers in double precision."""


# How long an example takes depends on what else the machine does, and is not claimed here.
@settings(deadline=None)
@given(
    pieces=st.lists(st.lists(st.integers(0, 50), max_size=30), min_size=1, max_size=8).filter(any),
    probability=st.floats(0.5, 1, exclude_min=True, exclude_max=True),
)
def test_the_quantile_of_pieces_is_that_of_the_whole(pieces, probability):
    arrays = [np.array(piece, np.int64) for piece in pieces]
    whole = np.concatenate(arrays)
    found = upper_quantile(iter(arrays), n=whole.size, probability=probability)
    assert found == pytest.approx(np.quantile(whole, probability), rel=ROUNDING, abs=ROUNDING)


def test_the_quantile_is_type_7():
    # R: quantile(c(1, 2, 3, 4, 10), 0.9) is 7.6.
    assert upper_quantile([np.array([10, 1, 3, 2, 4])], n=5, probability=0.9) == pytest.approx(7.6, rel=ROUNDING)


def test_one_value_is_its_own_quantile():
    assert upper_quantile([np.array([5])], n=1, probability=0.9999) == 5
