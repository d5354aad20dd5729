"""Benefits: who receives a health-related one in which month, and the spells that say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.calendar import FIRST, MONTHS, PRICES, first_day_of
from pipeline.synthetic.effects import LAST_EVENT_MONTH, published_effects
from pipeline.synthetic.endometriosis import add_effects
from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.links import Links
from pipeline.synthetic.people import People
from pipeline.synthetic.streams import choose, persistent, stream
from pipeline.synthetic.therapy_effects import therapy_effects
from pipeline.synthetic.waiting import add_waiting
from pipeline.synthetic.work import Treatment, therapy_months
from pipeline.vocabulary.months import parse_month

INCAPACITY_ONLY, DISABILITY_ONLY, BOTH = range(3)
"""What somebody receives in months with a health-related benefit."""

_SHARE_OF_KIND = np.array([0.40, 0.25, 0.35])
_ATTACHED = 0.5
_CLAIMS = {"attached": (0.0, 0.06), "seldom": (0.15, 0.50)}
_TREND = np.linspace(0.0, 0.02, len(MONTHS))
# One person in ten of working age at the end of the years studied, two points more than at their beginning.

WEEKLY = (92.0, 88.0)
"""Pounds of 2023 a week: incapacity and disability benefit."""

_CHANGE = 0.02
_CREDIT_FROM = parse_month("2018-04")
_OLDER = parse_month("1956-01")
_UNRELATED = 0.08
_DUPLICATE, _OVERLAP, _DELIVERED_WHILE_OPEN, _FAR_END = 0.01, 0.01, 0.02, 0.5
_FAR = int(np.datetime64("9999-12-31").astype("datetime64[D]").astype(int))


UPRATED: NDArray[np.float64] = PRICES[(MONTHS - FIRST) // 12 * 12]
"""What a weekly pound of 2023 comes to in each month: amounts move once a year, in April, with prices then."""


@dataclass(frozen=True, kw_only=True)
class Claimants:
    """For everybody: the probability of a health-related benefit before what varies, and which they then receive."""

    claims: NDArray[np.float32]
    kind: NDArray[np.int8]


def draw_claimants(people: People, *, seed: int) -> Claimants:
    """Each person's own inclination to receive benefits: people seldom in work receive them often."""
    random = stream(seed, "claimants")
    drawn = random.random(len(people), dtype=np.float32)
    (low, high), (rare, most) = _CLAIMS["attached"], _CLAIMS["seldom"]
    claims = np.where(people.in_work > _ATTACHED, low + (high - low) * drawn, rare + (most - rare) * drawn)
    return Claimants(claims=claims.astype(np.float32), kind=choose(random, _SHARE_OF_KIND, len(people)))


def expected_claims(
    claimants: Claimants,
    treated: Treatment,
    *,
    rows: NDArray[np.int64],
    knobs: Knobs,
    operated: bool = True,
    in_therapy: bool = True,
) -> NDArray[np.float32]:
    """``(n, T)``: the probability that the people in ``rows`` receive a health-related benefit in each month."""
    found = claimants.claims[rows, None] + _TREND.astype(np.float32)
    if not knobs.no_effect:
        add_effects({"claims": found}, treated.endometriosis, of=rows)
    if operated and not knobs.no_effect:
        of = np.flatnonzero(treated.month[rows])
        since = np.clip(MONTHS - treated.month[rows[of], None] + 1, 0, LAST_EVENT_MONTH)
        found[of] += treated.gain[rows[of], None] * published_effects().claims.astype(np.float32)[since]
    if in_therapy and not knobs.no_effect:
        paths = therapy_effects().claims.astype(np.float32)
        found = found + treated.therapy.gain[rows, None] * paths[therapy_months(treated.therapy, rows)]
    for waited in (treated.elective, treated.therapy_wait):
        add_waiting({"claims": found}, waited, of=rows)
    return np.clip(found, 0, 1)


def monthly_amount(kind: NDArray[np.int8]) -> NDArray[np.float64]:
    """``(n, T)``: pounds of 2023 that a month with a health-related benefit brings people of each kind."""
    weekly = np.array([WEEKLY[0], WEEKLY[1], sum(WEEKLY)])[kind]
    amount: NDArray[np.float64] = weekly[:, None] * (52 / 12) * (UPRATED / PRICES)
    return amount


@dataclass(frozen=True, kw_only=True)
class Spells:
    """One position a spell: whose (position among the rows asked for), of what, columns of months, weekly pounds."""

    person: NDArray[np.int64]
    benefit: NDArray[np.str_]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    weekly: NDArray[np.float64]


def spells(
    people: People, claimants: Claimants, treated: Treatment, *, rows: NDArray[np.int64], seed: int, knobs: Knobs
) -> Spells:
    """The spells of the people in ``rows``, who are always simulated together; a new one every April."""
    random = stream(seed, "benefits", int(rows[0]))
    expected = expected_claims(claimants, treated, rows=rows, knobs=knobs)
    on = persistent(random, expected.shape, redraw=_CHANGE) < expected
    on &= MONTHS[None, :] < people.death_month[rows, None]
    person, first, last = _runs(on)
    kind = claimants.kind[rows][person]
    older = people.birth_month[rows][person] < _OLDER
    parts: list[tuple[NDArray[Any], ...]] = []
    for names, without, weekly in (
        (np.where(MONTHS[first] < _CREDIT_FROM, "ESA", "UC_LCWRA"), DISABILITY_ONLY, WEEKLY[0]),
        (np.where(older, "DLA", "PIP"), INCAPACITY_ONLY, WEEKLY[1]),
    ):
        held = np.flatnonzero(kind != without)
        parts.append((person[held], names[held], first[held], last[held], weekly * UPRATED[first[held]]))
    parts.append(_unrelated(random, n=len(rows)))
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Spells(**dict(zip(("person", "benefit", "first", "last", "weekly"), columns, strict=True)))


def _runs(on: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Person, first and last column of each run of months, cut before every April."""
    n, n_months = on.shape
    before = np.zeros((n, n_months + 1), dtype=bool)
    before[:, 1:] = on
    april = (np.arange(n_months) % 12 == 0)[None, :]  # the first column is an April
    starts = on & (~before[:, :-1] | april)
    after = np.zeros((n, n_months + 1), dtype=bool)
    after[:, :-1] = on
    next_april = np.roll(april, -1, axis=1)
    ends = on & (~after[:, 1:] | next_april)
    person, first = np.nonzero(starts)
    _, last = np.nonzero(ends)
    return person, first, last


def _unrelated(random: np.random.Generator, *, n: int) -> tuple[NDArray[Any], ...]:
    """Spells of unemployment, which have nothing to do with health."""
    person = np.flatnonzero(random.random(n) < _UNRELATED)
    first = random.integers(0, len(MONTHS), len(person))
    last = np.minimum(first + random.integers(0, 12, len(person)), len(MONTHS) - 1)
    names = np.where(MONTHS[first] < _CREDIT_FROM, "JSA", "UC")
    return person, names, first, last, 70.0 * UPRATED[first]


def benefit_table(made: Spells, links: Links, *, rows: NDArray[np.int64], seed: int, knobs: Knobs) -> pa.Table:
    """``dwp_benefits`` as the owner delivers it, dirt included.

    A spell begins by the 15th of its first month and ends on or after that of its last. One that reaches the last
    month goes on: its end is empty or far away.
    """
    random = stream(seed, "benefit rows", int(rows[0]))
    n = len(made.person)
    start = first_day_of(MONTHS[made.first]) + random.integers(5, 14, n, dtype=np.int32)
    end = first_day_of(MONTHS[made.last] + 1) + np.where(
        (made.last + 1) % 12 == 0, random.integers(0, 4, n), -random.integers(1, 13, n)
    )
    open_now = made.last == len(MONTHS) - 1
    far = random.random(n) < _FAR_END * min(knobs.dirt, 1)
    frame = {
        "valid_nino": pseudonyms(links.nino[rows][made.person], prefix="N", seed=seed),
        "benefit": pa.array(made.benefit),
        "start_date": pa.array(start, pa.int32()),
        "end_date": pa.array(np.where(open_now, _FAR, end), pa.int32(), mask=open_now & ~far),
        "weekly_amount": pa.array(np.round(made.weekly, 2)),
        "health_related": pa.array(~np.isin(made.benefit, ("JSA", "UC"))),
    }
    return _dirty(pa.table(frame), random, knobs=knobs)


def _dirty(table: pa.Table, random: np.random.Generator, *, knobs: Knobs) -> pa.Table:
    """The rows in an order of no meaning, some twice, some also as they stood while they went on, some overlapping."""
    n = table.num_rows
    kept = np.arange(n)
    twice, before, within = (
        np.flatnonzero(random.random(n) < share * knobs.dirt) for share in (_DUPLICATE, _DELIVERED_WHILE_OPEN, _OVERLAP)
    )
    still_open = table.take(pa.array(before)).set_column(3, "end_date", pa.nulls(len(before), pa.int32()))
    overlapping = table.take(pa.array(within))
    later = pa.array(overlapping["start_date"].to_numpy() + 1, pa.int32())
    overlapping = overlapping.set_column(2, "start_date", later)
    whole = pa.concat_tables([table.take(pa.array(np.concatenate([kept, twice]))), still_open, overlapping])
    whole = whole.take(pa.array(random.permutation(whole.num_rows)))
    for name in ("start_date", "end_date"):
        whole = whole.set_column(whole.column_names.index(name), name, whole[name].cast(pa.date32()))
    return whole
