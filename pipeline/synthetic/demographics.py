"""Made-up people as two owners know them: hashed names, sex, date of birth and postcode, each with its own errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.links import HEALTH_RATE
from pipeline.synthetic.streams import choose, stream

_FIRST_NAMES, _LAST_NAMES = 3_000, 40_000
_COMMON = 10
"""Names are drawn with shares of one over their rank plus this: the most common last name has 1.1% of people."""
_FIRST_SOUNDS, _LAST_SOUNDS = 700, 6_000
_SECTORS, _SECTORS_IN_DISTRICT = 8_500, 4
_EARLIEST, _LATEST = np.datetime64("1931-01-01", "D").astype(int), np.datetime64("2003-01-01", "D").astype(int)
_HOUSEHOLD = np.array([0.30, 0.34, 0.16, 0.20])
_FAMILY_NAME = 0.80
TWINS, _TWINS_OF_ONE_SEX = 0.015, 2 / 3
"""The share of people who have a twin before them in their household, and how many of those are of one sex."""
_SOUNDS_THE_SAME = 0.7
_NEAR_MOVE = 0.5
_DAY_MISREAD = 0.7


@dataclass(frozen=True, kw_only=True)
class Errors:
    """How often the two records of one person differ, and how often a field is missing from a record.

    Sex, date of birth and postcode are what was found between Hospital Episode Statistics and the Personal Demographics
    Service (Harron and others 2017, doi 10.1186/s12874-017-0306-8: 0.11%, 0.11% and 53%, the last for whole postcodes
    and so harsher than sectors deserve). Of names no rate is published there; ours are a mistyped or other first name
    and a mistyped or changed last name.
    """

    first_name_mistyped: float = 0.015
    first_name_other: float = 0.010
    last_name_mistyped: float = 0.015
    last_name_changed: float = 0.020
    sex: float = 0.0011
    birth_date: float = 0.0011
    postcode: float = 0.53
    missing: float = 0.005


@dataclass(frozen=True, kw_only=True)
class Demographics:
    """What two owners deliver of overlapping people, and who is whom.

    Attributes
    ----------
    health, census
        Rows of ``links/health_demographics`` and ``links/census_demographics``.
    truth
        ``health_id, census_id``: the pairs of records that are one person's.
    """

    health: pa.Table
    census: pa.Table
    truth: pa.Table


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What is known of people: ``(n,)`` numbers of each person's names, sex, day of birth and postcode sector."""

    first_name: NDArray[np.int64]
    last_name: NDArray[np.int64]
    male: NDArray[np.bool_]
    birth_day: NDArray[np.int64]
    sector: NDArray[np.int64]


def demographics(n: int, *, seed: int, overlap: float = HEALTH_RATE, errors: Errors | None = None) -> Demographics:
    """Two files of ``n`` people each, of whom a share of ``overlap`` are in both.

    Last names and postcodes are shared in households; some people are twins, who share the date of birth too.
    """
    errors = errors or Errors()
    both = round(n * overlap)
    fields = _people(2 * n - both, seed=seed)
    in_health, in_census = np.arange(n), np.arange(n - both, 2 * n - both)
    shuffle = stream(seed, "demographics/order")
    mapping = shuffle.permutation(2 * n - both)  # who is missing from a file does not depend on the household
    in_health, in_census = mapping[in_health], mapping[in_census]
    health_ids = pseudonyms(in_health, prefix="H", seed=seed)
    census_ids = pseudonyms(in_census, prefix="C", seed=seed)
    health = delivered_fields(
        with_errors(fields, in_health, errors=errors, seed=seed), errors=errors, seed=seed, part=0
    )
    census = delivered_fields(of_rows(fields, in_census), errors=errors, seed=seed, part=1)
    pairs = mapping[n - both : n]
    return Demographics(
        health=health.add_column(0, "source", pa.repeat(pa.scalar("hes"), n)).add_column(1, "health_id", health_ids),
        census=census.add_column(0, "census_id", census_ids),
        truth=pa.table(
            {
                "health_id": pseudonyms(pairs, prefix="H", seed=seed),
                "census_id": pseudonyms(pairs, prefix="C", seed=seed),
            }
        ),
    )


def _people(n: int, *, seed: int) -> Fields:
    random = stream(seed, "demographics/people")
    household, last_name = households(random, n)
    male = random.random(n) < 0.5  # noqa: PLR2004 - a half
    birth_day = random.integers(_EARLIEST, _LATEST, n)
    twin = 1 + np.flatnonzero((random.random(n - 1) < TWINS) & (household[1:] == household[:-1]))
    birth_day[twin], last_name[twin] = birth_day[twin - 1], last_name[twin - 1]
    male[twin] ^= (male[twin] != male[twin - 1]) & (random.random(len(twin)) < 2 * _TWINS_OF_ONE_SEX - 1)
    first_name = first_names(random, male)
    sector = sectors(random, household)
    return Fields(first_name=first_name, last_name=last_name, male=male, birth_day=birth_day, sector=sector)


def households(random: np.random.Generator, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``(n,)`` the household of each person, and last names that most of a household share."""
    household = np.repeat(np.arange(n), choose(random, _HOUSEHOLD, n).astype(np.int64) + 1)[:n]
    last_name = _names(random, _LAST_NAMES, n)
    return household, np.where(random.random(n) < _FAMILY_NAME, last_name[household], last_name)


def first_names(random: np.random.Generator, male: NDArray[np.bool_]) -> NDArray[np.int64]:
    """``(n,)`` first names, none of them both a man's and a woman's."""
    return _names(random, _FIRST_NAMES, len(male)) + _FIRST_NAMES * male


def sectors(random: np.random.Generator, household: NDArray[np.int64]) -> NDArray[np.int64]:
    """``(n,)`` postcode sectors, one a household."""
    drawn: NDArray[np.int64] = random.integers(0, _SECTORS, len(household))[household]
    return drawn


def _names(random: np.random.Generator, count: int, n: int) -> NDArray[np.int64]:
    """``(n,)`` names by rank, the common ones often."""
    edges = np.cumsum(1 / (np.arange(count) + _COMMON))
    drawn: NDArray[np.int64] = np.searchsorted(edges / edges[-1], random.random(n), side="right")
    return drawn


def of_rows(fields: Fields, rows: NDArray[np.int64]) -> Fields:
    """The fields of some people, in the order of ``rows``."""
    return Fields(**{name: values[rows] for name, values in vars(fields).items()})


def with_errors(fields: Fields, rows: NDArray[np.int64], *, errors: Errors, seed: int) -> Fields:
    """The people of ``rows`` with what differs in their other record."""
    random = stream(seed, "demographics/errors")
    seen, n = of_rows(fields, rows), len(rows)
    first = _mistyped(random, seen.first_name, rate=errors.first_name_mistyped)
    first = np.where(random.random(n) < errors.first_name_other, random.permutation(seen.first_name), first)
    last = _mistyped(random, seen.last_name, rate=errors.last_name_mistyped)
    last = np.where(random.random(n) < errors.last_name_changed, _names(random, _LAST_NAMES, n), last)
    near = seen.sector // _SECTORS_IN_DISTRICT * _SECTORS_IN_DISTRICT + random.integers(0, _SECTORS_IN_DISTRICT, n)
    moved = np.where(random.random(n) < _NEAR_MOVE, near, random.integers(0, _SECTORS, n))
    return Fields(
        first_name=first,
        last_name=last,
        male=seen.male ^ (random.random(n) < errors.sex),
        birth_day=np.where(random.random(n) < errors.birth_date, _misread(random, seen.birth_day), seen.birth_day),
        sector=np.where(random.random(n) < errors.postcode, moved, seen.sector),
    )


def _misread(random: np.random.Generator, days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Other dates: most often another day of the same month, else any day of some years."""
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    within = random.random(len(days)) < _DAY_MISREAD
    return np.where(within, month + random.integers(0, 28, len(days)), days + random.integers(1, 3_650, len(days)))


_TYPED = 1_000_000
"""A mistyped name is a number of its own: its name's plus multiples of this, uneven where it sounds the same."""


def _mistyped(random: np.random.Generator, names: NDArray[np.int64], *, rate: float) -> NDArray[np.int64]:
    n = len(names)
    way = 2 * random.integers(1, 50, n) + (random.random(n) < _SOUNDS_THE_SAME)
    return np.where(random.random(n) < rate, names + _TYPED * way, names)


def _sounds(names: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """``(n,)`` what names sound like: of ``count`` sounds, and another for a mistyped name that does not sound so."""
    way, name = names // _TYPED, names % _TYPED
    other = (way > 0) & (way % 2 == 0)
    return np.asarray((name * 7_919 + other * way * 104_729) % count)


def delivered_fields(fields: Fields, *, errors: Errors, seed: int, part: int) -> pa.Table:
    """The fields as an owner delivers them: tokens for names, gaps."""
    random = stream(seed, "demographics/gaps", part)
    first, last = fields.first_name, fields.last_name
    tokens = {
        "first_name": pseudonyms(first, prefix="F", seed=0),
        "first_name_sound": pseudonyms(_sounds(first, _FIRST_SOUNDS), prefix="f", seed=0),
        "last_name": pseudonyms(last, prefix="L", seed=0),
        "last_name_sound": pseudonyms(_sounds(last, _LAST_SOUNDS), prefix="l", seed=0),
        "sex": pa.array(["Female", "Male"]).take(pa.array(fields.male.astype(np.int64))),
        "birth_date": pa.array(fields.birth_day.astype(np.int32)).cast(pa.date32()),
        "postcode_sector": pseudonyms(fields.sector, prefix="S", seed=0),
        "postcode_district": pseudonyms(fields.sector // _SECTORS_IN_DISTRICT, prefix="D", seed=0),
    }
    return pa.table(_gaps(random, tokens, rate=errors.missing))


def _gaps(random: np.random.Generator, columns: dict[str, pa.Array], *, rate: float) -> dict[str, pa.Array]:
    """The columns with nothing in some rows: a name without its sound, a sector without its district."""
    import pyarrow.compute as pc

    made: dict[str, pa.Array] = {}
    for name, values in columns.items():
        if not name.endswith(("_sound", "_district")):
            gap = pa.array(random.random(len(values)) < rate)
        made[name] = pc.if_else(gap, pa.scalar(None, values.type), values)
    return made
