"""Which records can be joined: health ids and National Insurance numbers to census ids, with what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.calendar import FIRST, LAST
from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.people import LONDON, People
from pipeline.synthetic.streams import stream
from pipeline.synthetic.work import Treatment

HEALTH_RATE = 0.9575
"""Published share of people in the 2021 Census with an NHS number linked."""

NINO_RATE = 0.967
"""Published share of people in a census with a National Insurance number linked."""

# Under-linkage of ages 20 to 29 (in mid-2018), men, ethnic minorities and London is published; its sizes are ours.
_MISSED = {"young": 0.030, "male": 0.012, "minority": 0.030, "london": 0.020}
_MID_WINDOW = FIRST + 52
_TWENTIES = 2
_SELDOM_IN_WORK = 0.5
_DETERMINISTIC = 0.8

_SEVERAL_NINOS = 0.02
_SHARED_NINO = 0.004
_ONE_CENSUS_ONLY = 0.10
_DANGLING = 0.001


@dataclass(frozen=True, kw_only=True)
class Links:
    """Who is linked to what.

    Attributes
    ----------
    health, therapy, programme, pay
        ``(2, n)``: whether the id in hospital records, those in therapy and prevention records, and the National
        Insurance numbers are linked to the person's record in that census.
    nino, second_nino
        The number that pay goes to, and from ``second_from`` on the other one; ``second_nino`` is -1 for most.
    shared
        Whether the number is another person's too: flagged by the owner, dropped by linkage.
    """

    health: NDArray[np.bool_]
    therapy: NDArray[np.bool_]
    programme: NDArray[np.bool_]
    pay: NDArray[np.bool_]
    nino: NDArray[np.int64]
    second_nino: NDArray[np.int64]
    second_from: NDArray[np.int32]
    shared: NDArray[np.bool_]


def draw_links(people: People, treated: Treatment, *, seed: int, knobs: Knobs) -> Links:
    """The links of a delivery, missing more often for some than for others."""
    random = stream(seed, "links")
    n = len(people)
    missed = _missed(people)
    health = random.random(n) < _rates(missed, HEALTH_RATE)
    unlinked = knobs.informative_linkage * _seldom_or_little(people, treated)
    pay = random.random(n) < np.clip(_rates(missed, NINO_RATE) - unlinked, 0, 1)
    nino = np.arange(n)
    second = random.random(n) < _SEVERAL_NINOS
    shared = _share(random, nino, free=np.flatnonzero(~second), rate=_SHARED_NINO * knobs.dirt)
    health_in, pay_in = _records(random, people, health=health, pay=pay & ~shared)
    therapy = people.in_census & (stream(seed, "links/therapy").random(n) < _rates(missed, HEALTH_RATE))
    programme = people.in_census & (stream(seed, "links/programme").random(n) < _rates(missed, HEALTH_RATE))
    return Links(
        health=health_in,
        therapy=health_in if knobs.linked_by_fields else therapy,
        programme=health_in if knobs.linked_by_fields else programme,
        pay=np.where(shared, people.in_census & pay, pay_in),
        nino=nino,
        second_nino=np.where(second, n + np.arange(n), -1),
        second_from=random.integers(FIRST + 1, LAST, n, dtype=np.int32),
        shared=shared,
    )


def _missed(people: People) -> NDArray[np.float64]:
    """How much less likely than others each person is to be linked."""
    age = (_MID_WINDOW - people.birth_month) // 12
    young = age // 10 == _TWENTIES
    london = people.described(people.region) == LONDON
    parts = {"young": young, "male": people.male, "minority": people.ethnic_group > 0, "london": london}
    missed: NDArray[np.float64] = np.sum([_MISSED[name] * who for name, who in parts.items()], axis=0)
    return missed


def _rates(missed: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    rates: NDArray[np.float64] = np.clip(mean + missed.mean() - missed, 0, 1)
    return rates


def _seldom_or_little(people: People, treated: Treatment) -> NDArray[np.bool_]:
    """Those whom informative linkage misses: untreated people seldom in work, treated people who gain little."""
    return np.where(people.treated, treated.gain < 1, people.in_work < _SELDOM_IN_WORK)


def _share(
    random: np.random.Generator, nino: NDArray[np.int64], *, free: NDArray[np.int64], rate: float
) -> NDArray[np.bool_]:
    """Give pairs of people one number, in place, and say who is in a pair."""
    pairs = int(len(free) * rate / 2)
    chosen = random.choice(free, 2 * pairs, replace=False)
    nino[chosen[pairs:]] = nino[chosen[:pairs]]
    shared = np.zeros(len(nino), dtype=bool)
    shared[chosen] = True
    return shared


def _records(
    random: np.random.Generator, people: People, *, health: NDArray[np.bool_], pay: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which census records each is linked to: now and then one only, the other link then joining the two records."""
    both = people.in_census.all(axis=0) & health & pay
    drawn = random.random(len(people))
    health_in, pay_in = people.in_census & health, people.in_census & pay
    pay_in[0] &= ~(both & (drawn < _ONE_CENSUS_ONLY))
    health_in[1] &= ~(both & (drawn > 1 - _ONE_CENSUS_ONLY))
    return health_in, pay_in


def census_ids(people: People, census: int, rows: NDArray[np.int64], *, seed: int) -> pa.Array:
    """The census ids of some people in one census (0 or 1)."""
    return pseudonyms(rows + census * len(people), prefix="C", seed=seed)


def person_links(people: People, links: Links, *, in_therapy: NDArray[np.int64], seed: int, knobs: Knobs) -> pa.Table:
    """``links/person`` as the owner delivers it: everybody's hospital ids, and the ids of people ``in_therapy``."""
    tables = []
    for census in (0, 1):
        rows = np.flatnonzero(links.health[census])
        ids = census_ids(people, census, rows, seed=seed)
        tables.append(pa.table({"health_id": pseudonyms(rows, prefix="H", seed=seed), "census_id": ids}))
    tables.append(_dangling(tables[0], "health_id", "H", people=people, seed=seed, knobs=knobs))
    hospital = _matched(pa.concat_tables(tables), "hes", random=stream(seed, "links/person"))
    therapy = _therapy_links(people, links, in_therapy=in_therapy, seed=seed)
    return pa.concat_tables([hospital, _matched(therapy, "iapt", random=stream(seed, "links/person", 1))])


def programme_links(people: People, links: Links, *, tested: NDArray[np.int64], seed: int) -> pa.Table:
    """More of ``links/person``: the ids in the prevention programme's records of people ``tested``."""
    tables = []
    for census in (0, 1):
        rows = tested[links.programme[census, tested]]
        ids = census_ids(people, census, rows, seed=seed)
        tables.append(pa.table({"health_id": programme_ids(rows, seed=seed), "census_id": ids}))
    return _matched(pa.concat_tables(tables), "ndpp", random=stream(seed, "links/person", 2))


def programme_ids(rows: NDArray[np.int64], *, seed: int) -> pa.Array:
    """The ids that people in ``rows`` have in the prevention programme's records."""
    return pseudonyms(rows, prefix="D", seed=seed)


def therapy_ids(rows: NDArray[np.int64], *, older: bool | NDArray[np.bool_], n_people: int, seed: int) -> pa.Array:
    """The ids that people in ``rows`` have in therapy records: another one in the older version of the data set."""
    return pseudonyms(rows + n_people * older, prefix="T", seed=seed)


def _therapy_links(people: People, links: Links, *, in_therapy: NDArray[np.int64], seed: int) -> pa.Table:
    tables = []
    for census in (0, 1):
        rows = in_therapy[links.therapy[census, in_therapy]]
        ids = census_ids(people, census, rows, seed=seed)
        for older in (False, True):
            health_id = therapy_ids(rows, older=older, n_people=len(people), seed=seed)
            tables.append(pa.table({"health_id": health_id, "census_id": ids}))
    return pa.concat_tables(tables)


def _matched(table: pa.Table, source: str, *, random: np.random.Generator) -> pa.Table:
    """Links with how sure they are."""
    exact = random.random(table.num_rows) < _DETERMINISTIC
    weight = np.where(exact, 25.0, 8 + 12 * random.random(table.num_rows))
    method = pa.array(exact).cast(pa.int8()).to_numpy()
    names = pa.array(["probabilistic", "deterministic"])
    return (
        table.add_column(0, "source", pa.repeat(pa.scalar(source), table.num_rows))
        .append_column("match_weight", pa.array(np.round(weight, 2)))
        .append_column("link_method", names.take(pa.array(method)))
    )


def nino_links(people: People, links: Links, *, seed: int, knobs: Knobs) -> pa.Table:
    """``links/nino`` as the owner delivers it."""
    tables = []
    for census, year in enumerate((2011, 2021)):
        for numbers in (links.nino, links.second_nino):
            rows = np.flatnonzero(links.pay[census] & (numbers >= 0))
            tables.append(
                pa.table(
                    {
                        "frameworks_nino": pseudonyms(numbers[rows], prefix="N", seed=seed),
                        "census_id": census_ids(people, census, rows, seed=seed),
                        "census_year": pa.repeat(pa.scalar(year, pa.int32()), len(rows)),
                        "nino_contains_multiple_census_id": pa.array(links.shared[rows]),
                    }
                )
            )
    tables.append(_dangling(tables[0], "frameworks_nino", "N", people=people, seed=seed, knobs=knobs))
    return pa.concat_tables(tables)


def _dangling(table: pa.Table, column: str, prefix: str, *, people: People, seed: int, knobs: Knobs) -> pa.Table:
    """Links of ids that have no other record to census ids that were not delivered."""
    count = int(len(people) * _DANGLING * knobs.dirt)
    rows = table.slice(0, count)
    count = rows.num_rows
    beyond = 5 * len(people) + np.arange(count)
    rows = rows.set_column(rows.column_names.index(column), column, pseudonyms(beyond, prefix=prefix, seed=seed))
    return rows.set_column(rows.column_names.index("census_id"), "census_id", pseudonyms(beyond, prefix="C", seed=seed))
