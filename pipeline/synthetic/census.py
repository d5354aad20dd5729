"""Census records and deaths, as their owner delivers them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.calendar import CUT_OFF, first_day_of
from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.links import census_ids
from pipeline.synthetic.people import PLACES, WALES, People
from pipeline.synthetic.residence import lsoa_codes
from pipeline.synthetic.streams import choose, stream
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.schemas.sources import ETHNIC_GROUPS

_IMPUTED = 0.03
_LATER_ID = 0.5
_MISSING_GROUP = ETHNIC_GROUPS.index("Missing or not stated")
_DELIVERED_GROUPS = [name if position != _MISSING_GROUP else None for position, name in enumerate(ETHNIC_GROUPS)]

_QUALIFICATIONS = ("No qualifications", "Level 1", "Level 2", "Apprenticeship", "Level 3", "Level 4 and above")
_CLASSES = ("1", "2", "3", "4", "5", "6", "7", "8", "L15")
_RELIGIONS = ("No religion", "Christian", "Muslim", "Hindu", "Other", None)
_SETTLEMENTS = ("Urban", "Rural")
_DISABILITIES = ("Limited a lot", "Limited a little", "Not limited")
_OTHER_SHARES = {
    "qualification": (_QUALIFICATIONS, (0.17, 0.10, 0.14, 0.05, 0.17, 0.37)),
    "nssec": (_CLASSES, (0.13, 0.20, 0.12, 0.10, 0.06, 0.11, 0.12, 0.08, 0.08)),
    "religion": (_RELIGIONS, (0.37, 0.46, 0.06, 0.02, 0.03, 0.06)),
    "rural_urban": (_SETTLEMENTS, (0.82, 0.18)),
    "disability": (_DISABILITIES, (0.08, 0.10, 0.82)),
}

_AUTHORITIES = (*(f"E0600{place:04d}" for place in range(WALES)), "W06000015", None)

_CAUSES = ("I219", "C349", "J449", "C189", "K703", "G309", "U071", "X599")


def census_records(people: People, census: int, *, seed: int, knobs: Knobs) -> pa.Table:
    """The records of one census (0: 2011, 1: 2021), and some that the owner imputed, whom nobody is."""
    random = stream(seed, "census", census)
    rows = np.flatnonzero(people.in_census[census])
    extra = random.choice(rows, int(len(rows) * _IMPUTED * min(knobs.dirt, 1)), replace=False)
    imputed_ids = pseudonyms((2 + census) * len(people) + np.arange(len(extra)), prefix="C", seed=seed)
    ids = pa.concat_arrays([census_ids(people, census, rows, seed=seed), imputed_ids])
    imputed = np.repeat([False, True], [len(rows), len(extra)])
    return _described(people, census, np.concatenate([rows, extra]), random=random, ids=ids).append_column(
        "imputed", pa.array(imputed)
    )


def _described(
    people: People, census: int, rows: NDArray[np.int64], *, random: np.random.Generator, ids: pa.Array
) -> pa.Table:
    place = people.region[census, rows]
    birth = people.birth_month[rows] - 1
    columns = {
        "census_id": ids,
        "census_year": pa.repeat(pa.scalar(2011 + 10 * census, pa.int32()), len(rows)),
        "sex": _named(("Female", "Male"), people.male[rows]),
        "birth_year": pa.array(birth // 12),
        "birth_quarter": pa.array(birth % 12 // 3 + 1),
        "ethnic_group": _named(_DELIVERED_GROUPS, people.ethnic_group[rows]),
        "lsoa11": lsoa_codes(place, rows),
        "la": _named(_AUTHORITIES, place),
        "region": _named(PLACES, place),
        "imd_quintile": pa.array(people.imd_quintile[census, rows]),
    }
    for name, (levels, shares) in _OTHER_SHARES.items():
        columns[name] = _named(levels, choose(random, np.array(shares), len(rows)))
    return pa.table(columns)


def deaths(people: People, *, seed: int) -> pa.Table:
    """Deaths up to the cut-off, each under one of the person's census ids."""
    random = stream(seed, "deaths")
    rows = np.flatnonzero(people.death_month <= parse_month(CUT_OFF[:7]))
    later = people.in_census[1, rows] & (~people.in_census[0, rows] | (random.random(len(rows)) < _LATER_ID))
    days = first_day_of(people.death_month[rows]) + random.integers(0, 28, len(rows), dtype=np.int32)
    numbers = rows + later * len(people)
    return pa.table(
        {
            "census_id": pseudonyms(numbers, prefix="C", seed=seed),
            "date_of_death": pa.array(days, pa.int32()).cast(pa.date32()),
            "underlying_cause": _named(_CAUSES, random.integers(0, len(_CAUSES), len(rows))),
        }
    )


def _named(levels: tuple[str | None, ...] | list[str | None], positions: NDArray[np.generic]) -> pa.Array:
    return pa.array(levels, pa.string()).take(pa.array(positions.astype(np.int64)))
