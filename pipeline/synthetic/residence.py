"""Where people live, as codes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.operations import NOT_ENGLAND, Operations
from pipeline.synthetic.people import PLACES, WALES, People
from pipeline.synthetic.streams import stream

UNKNOWN = PLACES.index(None)

_MOVED_TO_ENGLAND = 0.2
_NOT_RECORDED = 0.02
_PER_PLACE = 1800


def place_at_operation(people: People, operations: Operations, *, seed: int, knobs: Knobs) -> NDArray[np.int8]:
    """Positions in :data:`PLACES` that the episode of each operation gives; :data:`UNKNOWN` where it gives none."""
    random = stream(seed, "residence")
    place = people.described(people.region)[operations.person].copy()
    moved = (place >= WALES) & (random.random(len(place)) < _MOVED_TO_ENGLAND)
    place[moved] = 0
    place[operations.kind == NOT_ENGLAND] = WALES
    place[random.random(len(place)) < _NOT_RECORDED * knobs.dirt] = UNKNOWN
    return place


def in_england(place: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whether a place is one of the regions of England."""
    return place < WALES


def lsoa_codes(place: NDArray[np.int8], rows: NDArray[np.int64]) -> pa.Array:
    """Lower-layer super output areas of people in ``rows``, made up: nine characters, E or W first, null if unknown."""
    number = 10_000 + place.astype(np.int64) * _PER_PLACE + rows % _PER_PLACE
    country = pa.array(["E010", "W010", None]).take(pa.array(np.clip(place.astype(np.int64) - WALES + 1, 0, 2)))
    return pc.binary_join_element_wise(country, pa.array(number).cast(pa.string()), "")
