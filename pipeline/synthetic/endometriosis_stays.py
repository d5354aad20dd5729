"""Hospital episodes of women with endometriosis: the diagnosis, a later stay, the operation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.endometriosis import LONGEST_STAY, Endometriosis
from pipeline.synthetic.hospital import (
    DIAGNOSES,
    ENDOMETRIOSIS,
    LISTED_PLACES,
    NONE,
    ON_OVARY,
    ON_PERITONEUM,
    OPERATIONS,
    ORDINARY,
    Episodes,
    joined,
    positions,
)
from pipeline.synthetic.people import People
from pipeline.synthetic.streams import stream

_SECONDARY = 0.3


def endometriosis_stays(people: People, women: Endometriosis, *, seed: int) -> Episodes:
    """One episode a diagnosis, a later stay and an operation that is not in the stay of the diagnosis."""
    at_once = women.operated == women.diagnosed
    kinds = (
        (np.arange(len(women)), women.diagnosed, at_once),
        (np.flatnonzero(women.again), women.again, np.zeros(len(women), dtype=bool)),
        (np.flatnonzero((women.operated > 0) & ~at_once), women.operated, np.ones(len(women), dtype=bool)),
    )
    parts = [
        _stays(
            people, women.take(rows), day=day[rows], operated=operated[rows], random=stream(seed, "endometriosis", kind)
        )
        for kind, (rows, day, operated) in enumerate(kinds, 1)
    ]
    return joined(*parts)


def _stays(
    people: People,
    women: Endometriosis,
    *,
    day: NDArray[np.int32],
    operated: NDArray[np.bool_],
    random: np.random.Generator,
) -> Episodes:
    n = len(women)
    code = random.choice(positions(DIAGNOSES, ENDOMETRIOSIS[1:]), n)
    code = np.where(women.adenomyosis, DIAGNOSES.index(ENDOMETRIOSIS[0]), code)
    other = random.choice(positions(DIAGNOSES, ORDINARY), n)
    second = random.random(n) < _SECONDARY
    peritoneum, ovary = (random.choice(positions(OPERATIONS, some), n) for some in (ON_PERITONEUM, ON_OVARY))
    operation = np.where(operated, np.where(women.ovary, ovary, peritoneum), NONE)
    empty = np.zeros((n, LISTED_PLACES - 1))
    return Episodes(
        person=women.person,
        start=day,
        end=(day + random.integers(0, LONGEST_STAY, n)).astype(np.int32),
        diagnoses=np.stack([np.where(second, other, code), np.where(second, code, other), np.zeros(n)], axis=1).astype(
            np.int16
        ),
        operations=np.column_stack([operation, empty]).astype(np.int16),
        operation_days=np.column_stack([np.where(operated, day, 0), empty]).astype(np.int32),
        place=people.described(people.region)[women.person],
        index=np.ones(n, dtype=bool),
    )
