"""The programme's records as the owner writes them: referrals, and the tests of people who were not referred."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.calendar import CUT_OFF
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.links import programme_ids
from pipeline.synthetic.prevention import HIGHEST, LOWEST, Prevention
from pipeline.synthetic.streams import choose, stream

_LAST_DAY = int((np.datetime64(CUT_OFF) - np.datetime64("1970-01-01")).astype(int))
_ROUTES = ("GP", "NHS Health Check", "Self-referral")
_SHARE_OF_ROUTES = np.array([0.75, 0.20, 0.05])
_ASSESSED = 0.7
_LENGTH = 300
_MILESTONES = 5

_AGAIN, _WHILE_OPEN, _TWICE = 0.04, 0.10, 0.01
_TESTED_AGAIN = 0.15


def programme_table(made: Prevention, *, seed: int, knobs: Knobs) -> pa.Table:
    """``ndpp``: one row a referral, some people referred again; some also as they stood while they went on."""
    random = stream(seed, "referrals to prevention")
    referred = made.take(np.flatnonzero(made.referred))
    n = len(referred)
    again = np.flatnonzero(random.random(n) < _AGAIN)
    of = np.concatenate([np.arange(n), again])
    day = referred.referred[of] + np.repeat([0, 400], [n, len(again)])
    known = np.flatnonzero(day <= _LAST_DAY)
    rows = _described(referred.take(of[known]), day=day[known], random=random, seed=seed)
    before = np.flatnonzero(random.random(len(known)) < _WHILE_OPEN * min(knobs.dirt, 1))
    table = pa.concat_tables([rows, _while_open(rows.take(pa.array(before)))])
    return table.take(pa.array(random.permutation(table.num_rows)))


def blood_test_table(made: Prevention, *, seed: int, knobs: Knobs) -> pa.Table:
    """``ndpp/tests``: one row a test of people never referred, those at 42 and above among them; some tested again."""
    random = stream(seed, "tests of people not referred")
    tested = made.take(np.flatnonzero(made.referred == 0))
    n = len(tested)
    again = np.flatnonzero(random.random(n) < _TESTED_AGAIN)
    twice = np.flatnonzero(random.random(n) < _TWICE * knobs.dirt)
    of = np.concatenate([np.arange(n), again, twice])
    later = np.repeat([0, 1, 0], [n, len(again), len(twice)])
    day = tested.tested[of] + later * random.integers(200, 420, len(of))
    hba1c = np.clip(tested.hba1c[of] + later * random.integers(-2, 3, len(of)), LOWEST, HIGHEST)
    rows = random.permutation(np.flatnonzero(day <= _LAST_DAY))
    return pa.table(
        {
            "person_ref": programme_ids(tested.person[of][rows], seed=seed),
            "test_date": _days(day[rows]),
            "hba1c_mmol_mol": pa.array(hba1c[rows], pa.int32()),
            "practice_code": _practices(tested.practice[of][rows]),
        }
    )


def _described(referred: Prevention, *, day: NDArray[np.integer], random: np.random.Generator, seed: int) -> pa.Table:
    """The referrals as last delivered; those made in the last months still go on."""
    n = len(referred)
    started = random.random(n) < _ASSESSED
    discharged = np.where(day + _LENGTH <= _LAST_DAY, day + _LENGTH, 0)
    assessed = np.where(started & (day + 30 <= _LAST_DAY), day + 30, 0)
    first = np.round(random.normal(86, 14, n).clip(50, 160), 1)
    last = np.round(first - random.normal(2.5, 2.0, n), 1)
    completed = started & referred.completed & (discharged > 0)
    milestone = np.where(completed, _MILESTONES, 1 + referred.sessions % (_MILESTONES - 1))
    return pa.table(
        {
            "referral_id": pa.array([f"DP{number:09d}" for number in range(n)], pa.string()),
            "person_ref": programme_ids(referred.person, seed=seed),
            "referral_date": _days(day),
            "referral_route": pa.array(_ROUTES).take(pa.array(choose(random, _SHARE_OF_ROUTES, n))),
            "hba1c_mmol_mol": pa.array(referred.hba1c, pa.int32()),
            "fpg_mmol_l": pa.array(referred.glucose, mask=np.isnan(referred.glucose)),
            "test_date": _days(day - (referred.referred - referred.tested)),
            "initial_assessment_date": _days(assessed),
            "sessions_attended": pa.array(np.where(assessed > 0, referred.sessions, 0), pa.int32()),
            "milestone": pa.array([f"M{number}" for number in milestone], pa.string(), mask=assessed == 0),
            "completed": pa.array(np.where(completed, "1", "0"), pa.string(), mask=discharged == 0),
            "discharge_date": _days(discharged),
            "weight_first_kg": pa.array(first, mask=assessed == 0),
            "weight_last_kg": pa.array(last, mask=~completed),
            "practice_code": _practices(referred.practice),
            "practice_wave": pa.array(referred.wave, pa.int32()),
        }
    )


def _while_open(rows: pa.Table) -> pa.Table:
    """Referrals as they stood before anybody was seen: delivered again since, under the same id."""
    since = ("initial_assessment_date", "milestone", "completed", "discharge_date", "weight_first_kg", "weight_last_kg")
    for name in since:
        place = rows.column_names.index(name)
        rows = rows.set_column(place, name, pa.nulls(rows.num_rows, rows.schema.field(name).type))
    nought = pa.array(np.zeros(rows.num_rows), pa.int32())
    return rows.set_column(rows.column_names.index("sessions_attended"), "sessions_attended", nought)


def _practices(numbers: NDArray[np.int32]) -> pa.Array:
    return pa.array([f"A8{number:04d}" for number in numbers], pa.string())


def _days(days: NDArray[np.integer]) -> pa.Array:
    """Dates; none where the day number is 0."""
    return pa.array(days.astype(np.int32), pa.int32(), mask=days == 0).cast(pa.date32())
