"""Hospital episodes of people operated from a waiting list, with whose list it was and when they joined it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.synthetic.elective import LONGEST_STAY, PROVIDERS, Elective
from pipeline.synthetic.episode_tables import Delivered
from pipeline.synthetic.hospital import DIAGNOSES, HIP, JOINTS, KNEE, LISTED_PLACES, OPERATIONS, Episodes, positions
from pipeline.synthetic.people import People
from pipeline.synthetic.streams import stream
from pipeline.synthetic.waiting import days_waited

_CODES = tuple(f"RT{chr(ord('A') + number)}" for number in range(PROVIDERS))
_ORTHOPAEDICS = "110"
_NOT_KNOWN_HOW_LONG = 9999
_DATE_NULL = int(np.datetime64("1800-01-01").astype("datetime64[D]").astype(int))


def elective_stays(people: People, listed: Elective, *, seed: int) -> Episodes:
    """One episode a person, that of the operation."""
    random = stream(seed, "elective stays")
    n = len(listed)
    hip, knee = (random.choice(positions(OPERATIONS, some), n) for some in (HIP, KNEE))
    empty = np.zeros((n, LISTED_PLACES - 1))
    joint = np.where(listed.hip, DIAGNOSES.index(JOINTS[0]), DIAGNOSES.index(JOINTS[1]))
    return Episodes(
        person=listed.person,
        start=listed.operated,
        end=(listed.operated + random.integers(0, LONGEST_STAY, n)).astype(np.int32),
        diagnoses=np.column_stack([joint, empty]).astype(np.int16),
        operations=np.column_stack([np.where(listed.hip, hip, knee), empty]).astype(np.int16),
        operation_days=np.column_stack([listed.operated, empty]).astype(np.int32),
        place=people.described(people.region)[listed.person],
        index=np.ones(n, dtype=bool),
    )


def from_the_list(table: pa.Table, listed: Elective, rows: Delivered) -> pa.Table:
    """``hes_apc`` rows of these people, the wait and the list of each in place of those of no meaning.

    For some the wait is not known, which ``ELECDATE`` and ``ELECDUR`` both say.
    """
    unknown = ~listed.known[rows.episode]
    joined, waited = listed.joined[rows.episode], days_waited(listed.wait)[rows.episode]
    provider = pa.array(_CODES).take(pa.array(listed.provider[rows.episode]))
    written = {
        "PROCODE3": provider,
        "PROCODE5": pa.array([f"{code}00" for code in provider.to_pylist()]),
        "TRETSPEF": _all(_ORTHOPAEDICS, len(rows)),
        "MAINSPEF": _all(_ORTHOPAEDICS, len(rows)),
        "ADMIMETH": _all("11", len(rows)),
        "ELECDATE": pa.array(np.where(unknown, _DATE_NULL, joined).astype(np.int32)).cast(pa.date32()),
        "ELECDUR": pa.array(np.where(unknown, _NOT_KNOWN_HOW_LONG, waited).astype(np.int32)),
    }
    for name, values in written.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def _all(word: str, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(word), n)
