"""A delivery without a table of links: demographic fields of its records in its place, and who is whom beside it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.demographics import (
    TWINS,
    Demographics,
    Errors,
    Fields,
    delivered_fields,
    first_names,
    households,
    of_rows,
    sectors,
    with_errors,
)
from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.links import Links, census_ids, programme_ids, therapy_ids
from pipeline.synthetic.people import People
from pipeline.synthetic.streams import stream
from pipeline.vocabulary.months import month_number

_EPOCH = month_number(1970, 1)
_DAYS_IN_QUARTER = 90
"""Days of birth lie in their quarter: none has fewer."""


def person_fields(
    people: People, links: Links, *, in_therapy: NDArray[np.int64], tested: NDArray[np.int64], seed: int
) -> Demographics:
    """The two files of fields, with the published errors in the health file, and the pairs that are one person's.

    Everybody's hospital id, the ids of people ``in_therapy`` and those of people ``tested`` for the prevention
    programme are in the health file; in the census file are the records that a table of links would name. Whoever it
    would miss is a patient without a census record.
    """
    fields, errors = _fields(people, seed=seed), Errors()
    everybody, n = np.arange(len(people)), len(people)
    rows = np.concatenate([everybody, in_therapy, in_therapy, tested])
    ids = pa.concat_arrays([
        pseudonyms(everybody, prefix="H", seed=seed),
        *(therapy_ids(in_therapy, older=older, n_people=n, seed=seed) for older in (False, True)),
        programme_ids(tested, seed=seed),
    ])  # fmt: skip
    sources = np.repeat(["hes", "iapt", "ndpp"], [n, 2 * len(in_therapy), len(tested)])
    seen = with_errors(fields, rows, errors=errors, seed=seed)
    health = delivered_fields(seen, errors=errors, seed=seed, part=0)
    named = pa.table({"source": sources, "health_id": ids})
    records = [np.flatnonzero(links.health[census]) for census in (0, 1)]
    record_ids = [census_ids(people, census, found, seed=seed) for census, found in enumerate(records)]
    census_file = delivered_fields(of_rows(fields, np.concatenate(records)), errors=errors, seed=seed, part=1)
    return Demographics(
        health=_beside(named, health),
        census=census_file.add_column(0, "census_id", pa.concat_arrays(record_ids)),
        truth=pa.concat_tables(
            _true_pairs(named, rows, linked=links.health[census], ids=census_ids(people, census, rows, seed=seed))
            for census in (0, 1)
        ),
    )


def _true_pairs(named: pa.Table, rows: NDArray[np.int64], *, linked: NDArray[np.bool_], ids: pa.Array) -> pa.Table:
    """Each health id with its person's record of one census, where there is one."""
    return named.append_column("census_id", ids).filter(pa.array(linked[rows]))


def _beside(left: pa.Table, right: pa.Table) -> pa.Table:
    return pa.table([*left.columns, *right.columns], names=[*left.column_names, *right.column_names])


def _fields(people: People, *, seed: int) -> Fields:
    """Names, days of birth and postcodes for people who have a sex and a quarter of birth."""
    random = stream(seed, "demographics/of a delivery")
    household, last_name = households(random, len(people))
    sector, first_name = sectors(random, household), first_names(random, people.male)
    quarter = (people.birth_month - 1 - _EPOCH).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    birth_day = quarter + random.integers(0, _DAYS_IN_QUARTER, len(people))
    first, second = _twins(people, random)
    for shared in (birth_day, last_name, sector):
        shared[second] = shared[first]
    return Fields(first_name=first_name, last_name=last_name, male=people.male, birth_day=birth_day, sector=sector)


def _twins(people: People, random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of people of one quarter of birth, nobody in two."""
    order = np.lexsort((random.random(len(people)), people.birth_month))
    first, second = order[:-1:2], order[1::2]
    n = min(len(first), len(second))
    first, second = first[:n], second[:n]
    twins = (people.birth_month[first] == people.birth_month[second]) & (random.random(n) < 2 * TWINS)
    return first[twins], second[twins]
