"""Hospital episodes as the owner writes them: ninety columns, padded codes, sentinels, double records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.synthetic.calendar import month_of_day
from pipeline.synthetic.hospital import DIAGNOSES, LISTED_PLACES, OPERATIONS, Episodes
from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.people import WALES, People
from pipeline.synthetic.residence import lsoa_codes
from pipeline.synthetic.streams import stream

_DATE_NULL = int(np.datetime64("1800-01-01").astype("datetime64[D]").astype(int))
_DATE_INVALID = int(np.datetime64("1801-01-01").astype("datetime64[D]").astype(int))

_N_DIAGNOSES, _N_OPERATIONS = 20, 24
_FINISHED, _UNFINISHED = 3, 1

_REDELIVERED = 0.01
_TWICE = 0.01
_NOBODY = 0.003
_NO_START = 0.002
_SEX_NOT_KNOWN = 0.003
_DECORATED = 0.05
_EMERGENCY = 0.35
_WAIT_NOT_KNOWN = 0.01
_NOT_KNOWN_HOW_LONG, _NOT_APPLICABLE = 9999, 9998

_ETHNOS = ("A", "F", "J", "N", "S", "Z")
_GOVERNMENT_REGIONS = ("A", "B", "D", "E", "F", "G", "H", "J", "K", "W", "Y")
_PROVIDERS = tuple(f"R{letter}{digit}" for letter in "ABCDEFGHJK" for digit in "123456789")
_SPECIALTIES = ("100", "110", "120", "300", "301", "320", "340", "430", "502")
_EPIKEY_START = 500_000_000_000
# Twelve digits, as the owner's: an episode key can never look like an NHS number, which has ten.

# Codes as owners write them: a dagger or asterisk letter after four characters, or spaces behind.
_DIAGNOSES_AS_WRITTEN = pa.array(
    [*DIAGNOSES, "-   ", *(f"{code}{'D' if code[-1] != 'X' else '  '}" for code in DIAGNOSES[1:])]
)
_OPERATIONS_AS_WRITTEN = pa.array([*OPERATIONS, "&", *(f"{code}  " for code in OPERATIONS[1:])])


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """One position a row delivered: which episode, and what is wrong with the row."""

    episode: NDArray[np.int64]
    unfinished: NDArray[np.bool_]
    nobody: NDArray[np.bool_]
    no_start: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.episode)

    def take(self, rows: slice) -> Delivered:
        """Some of the rows."""
        return Delivered(**{name: values[rows] for name, values in vars(self).items()})


def delivered_rows(made: Episodes, *, seed: int, knobs: Knobs, part: int = 0) -> Delivered:
    """All rows in an order of no meaning: each episode, some twice, some also as it stood before it was finished."""
    random = stream(seed, "episode rows", part)
    n = len(made)
    again = np.flatnonzero(random.random(n) < _TWICE * knobs.dirt)
    before = np.flatnonzero(random.random(n) < _REDELIVERED * knobs.dirt)
    drawn = random.random(n)
    lost = ~made.index & (drawn < _NOBODY * knobs.dirt)
    unknown = ~made.index & (drawn > 1 - _NO_START * knobs.dirt)
    episode = np.concatenate([np.arange(n), again, before])
    unfinished = np.arange(len(episode)) >= n + len(again)
    order = random.permutation(len(episode))
    return Delivered(
        episode=episode[order],
        unfinished=unfinished[order],
        nobody=lost[episode][order],
        no_start=unknown[episode][order],
    )


def episode_table(made: Episodes, rows: Delivered, people: People, *, seed: int, knobs: Knobs) -> pa.Table:
    """``hes_apc`` as the owner delivers it."""
    chosen = rows.episode
    start = np.where(rows.no_start, _DATE_INVALID, made.start[chosen])
    end = np.where(rows.unfinished, _DATE_NULL, made.end[chosen])
    columns = _identity(made, rows, people, seed=seed, knobs=knobs)
    columns |= _admission(made, rows)
    columns |= {"EPISTART": _dates(start), "EPIEND": _dates(end), "DISDATE": _dates(end)}
    columns |= _codes(
        "DIAG_4", made.diagnoses[chosen], chosen, written=_DIAGNOSES_AS_WRITTEN, places=_N_DIAGNOSES, dirt=knobs.dirt
    )
    columns |= _codes(
        "OPERTN_4",
        made.operations[chosen],
        chosen,
        written=_OPERATIONS_AS_WRITTEN,
        places=_N_OPERATIONS,
        dirt=knobs.dirt,
    )
    days = made.operation_days[chosen]
    for place in range(_N_OPERATIONS):
        day = days[:, place] if place < LISTED_PLACES else np.zeros(len(rows), dtype=np.int32)
        columns[f"OPDATE_{place + 1:02d}"] = _dates(np.where(day == 0, _DATE_NULL, day))
    return pa.table(columns)


def _identity(made: Episodes, rows: Delivered, people: People, *, seed: int, knobs: Knobs) -> dict[str, pa.Array]:
    """Who, of what age and sex, from where."""
    chosen, person = rows.episode, made.person[rows.episode]
    birth = people.birth_month[person]
    age = np.clip((month_of_day(made.start[chosen]) - birth) // 12, 0, 120)
    unknown = _chance(chosen, 3) < _SEX_NOT_KNOWN * knobs.dirt
    hesid = pseudonyms(person, prefix="H", seed=seed)
    place = made.place[chosen]
    return {
        "EPIKEY": pa.array(_EPIKEY_START + chosen).cast(pa.string()),
        "PSEUDO_HESID": _without(hesid, rows.nobody),
        "STARTAGE": pa.array(age, pa.int32()),
        "SEX": _named(("1", "2", "9"), np.where(unknown, 2, np.where(people.male[person], 0, 1))),
        "ETHNOS": _named(_ETHNOS, people.ethnic_group[person]),
        "LSOA11": lsoa_codes(place, person),
        "RESGOR": _named(_GOVERNMENT_REGIONS, np.clip(place, 0, WALES + 1)),
        "PROCODE3": _named(_PROVIDERS, chosen % len(_PROVIDERS)),
        "PROCODE5": _named(tuple(f"{code}00" for code in _PROVIDERS), chosen % len(_PROVIDERS)),
        "TRETSPEF": _named(_SPECIALTIES, chosen % len(_SPECIALTIES)),
        "MAINSPEF": _named(_SPECIALTIES, chosen % len(_SPECIALTIES)),
    }


def _admission(made: Episodes, rows: Delivered) -> dict[str, pa.Array]:
    """How and when the person was admitted; the wait is not applicable to an emergency."""
    chosen = rows.episode
    start = made.start[chosen]
    emergency = ~made.index[chosen] & (_chance(chosen, 1) < _EMERGENCY)
    waited = 20 + (_chance(chosen, 2) * 300).astype(np.int32)
    not_known = _chance(chosen, 4) < _WAIT_NOT_KNOWN
    duration = np.where(emergency, _NOT_APPLICABLE, np.where(not_known, _NOT_KNOWN_HOW_LONG, waited))
    return {
        "ADMIDATE": _dates(start),
        "ELECDATE": _dates(np.where(emergency | not_known, _DATE_NULL, start - waited)),
        "ELECDUR": pa.array(duration, pa.int32()),
        "ADMIMETH": _named(("11", "21"), emergency),
        "CLASSPAT": _named(("1", "2"), made.end[chosen] == start),
        "EPISTAT": pa.array(np.where(rows.unfinished, _UNFINISHED, _FINISHED), pa.int8()),
        "EPITYPE": _named(("1",), np.zeros(len(rows))),
        "EPIORDER": pa.array(np.ones(len(rows)), pa.int32()),
    }


def _codes(
    stem: str, codes: NDArray[np.int16], episode: NDArray[np.int64], *, written: pa.Array, places: int, dirt: float
) -> dict[str, pa.Array]:
    """The code columns, a small share of the codes not as the classification has them."""
    half = len(written) // 2
    columns = {}
    for place in range(places):
        code = codes[:, place] if place < LISTED_PLACES else np.zeros(len(codes), dtype=np.int16)
        decorated = _chance(episode, 10 + place % LISTED_PLACES) < _DECORATED * dirt
        columns[f"{stem}_{place + 1:02d}"] = _dictionary(code + half * decorated, written)
    return columns


def _chance(episode: NDArray[np.int64], purpose: int) -> NDArray[np.float64]:
    """A number in [0, 1) that belongs to an episode: the same in every row it is delivered in."""
    mixed = (episode.astype(np.uint64) * np.uint64(64) + np.uint64(purpose)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    chance: NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return chance


def _dictionary(positions: NDArray[np.generic], names: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(positions.astype(np.int16)), names)


def _named(names: tuple[str, ...], positions: NDArray[np.generic]) -> pa.Array:
    return _dictionary(positions, pa.array(names))


def _dates(days: NDArray[np.generic]) -> pa.Array:
    return pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())


def _without(values: pa.Array, missing: NDArray[np.bool_]) -> pa.Array:
    return pc.if_else(pa.array(missing), pa.scalar(None, values.type), values)
