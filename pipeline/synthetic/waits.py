"""Published waits from referral to treatment, as NHS England's full CSV has them: two months, in its two layouts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.streams import stream
from pipeline.vocabulary.months import first_day, parse_month
from pipeline.vocabulary.schemas.rtt import TOTAL_SPECIALTY

PUBLISHED = (parse_month("2021-03"), parse_month("2022-12"))
"""The last month in 53 bands of weeks, and the last month of pay, in 105."""

_LONGER_SINCE = parse_month("2021-04")
_BOARDS = {"RA1": "QOX", "RA2": "QOX", "RB1": "QMJ", "RC1": "QWO", "RD1": "QWO"}
_COMMISSIONERS = {"QOX": "92G", "QMJ": "93C", "QWO": "15F"}
_SPECIALTIES = {
    "C_100": ("General Surgery Service", 14.0),
    "C_110": ("Trauma and Orthopaedic Service", 19.0),
    "C_502": ("Gynaecology Service", 16.0),
}
"""Treatment functions with the mean wait in weeks of people still waiting."""

_PARTS = {
    "Part_1A": "Completed Pathways For Admitted Patients",
    "Part_1B": "Completed Pathways For Non-Admitted Patients",
    "Part_2": "Incomplete Pathways",
    "Part_2A": "Incomplete Pathways with DTA",
    "Part_3": "New RTT Periods - All Patients",
}
_WAITING, _TREATED_SHARE, _DECIDED_SHARE = 2_000, 0.15, 0.25
"""People who wait for a specialty of a provider; the share treated in a month; the share to be admitted."""


def bands(month: int) -> list[str]:
    """The names of the columns of weeks in a month's file."""
    last = 104 if month >= _LONGER_SINCE else 52
    return [*(f"Gt {week:02d} To {week + 1:02d} Weeks SUM 1" for week in range(last)), f"Gt {last} Weeks SUM 1"]


def published_waits(month: int, *, seed: int) -> pa.Table:
    """A month's file: every provider, specialty and part, and each provider's total of specialties."""
    random = stream(seed, "published waits", month)
    rows = [row for provider in _BOARDS for row in _of_provider(provider, month, random)]
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def _of_provider(provider: str, month: int, random: np.random.Generator) -> Iterator[dict[str, Any]]:
    queue = random.uniform(0.8, 1.25)
    drawn = {code: _parts(mean * queue, len(bands(month)), random) for code, (_, mean) in _SPECIALTIES.items()}
    for part in _PARTS:
        for code, parts in drawn.items():
            yield _row(provider, month, part=part, specialty=code, weeks=parts[part])
        total = sum(parts[part] for parts in drawn.values())
        yield _row(provider, month, part=part, specialty=TOTAL_SPECIALTY, weeks=np.asarray(total))


def _parts(mean: float, n_bands: int, random: np.random.Generator) -> dict[str, NDArray[np.int64]]:
    """People by week waited in each part; waits fall off exponentially, and the open band has the rest."""
    beyond = np.exp(-np.arange(n_bands + 1) / mean)
    shares = np.append(beyond[:-2] - beyond[1:-1], beyond[-2])
    waiting = random.multinomial(int(_WAITING * random.uniform(0.5, 1.5)), shares)
    return {
        "Part_1A": random.binomial(waiting, _TREATED_SHARE * _DECIDED_SHARE),
        "Part_1B": random.binomial(waiting, _TREATED_SHARE),
        "Part_2": waiting,
        "Part_2A": random.binomial(waiting, _DECIDED_SHARE),
        "Part_3": random.multinomial(int(waiting[:4].sum()), np.full(n_bands, 1 / n_bands)),
    }


def _row(provider: str, month: int, *, part: str, specialty: str, weeks: NDArray[np.int64]) -> dict[str, Any]:
    """A row as published: nought is left blank, waits that began have a total alone."""
    board, people = _BOARDS[provider], int(weeks.sum())
    began, completed = part == "Part_3", part in ("Part_1A", "Part_1B")
    counted = [int(count) if count and not began else None for count in weeks]
    name = "Total" if specialty == TOTAL_SPECIALTY else _SPECIALTIES[specialty][0]
    return {
        "Period": f"RTT-{first_day(month):%B-%Y}",
        "Provider Parent Org Code": board,
        "Provider Parent Name": f"NHS BOARD {board}, INTEGRATED CARE BOARD",
        "Provider Org Code": provider,
        "Provider Org Name": f"HOSPITAL {provider}",
        "Commissioner Parent Org Code": board,
        "Commissioner Parent Name": f"NHS BOARD {board}, INTEGRATED CARE BOARD",
        "Commissioner Org Code": _COMMISSIONERS[board],
        "Commissioner Org Name": f"NHS BOARD {board}, {_COMMISSIONERS[board]}",
        "RTT Part Type": part,
        "RTT Part Description": _PARTS[part],
        "Treatment Function Code": specialty,
        "Treatment Function Name": name,
        **dict(zip(bands(month), counted, strict=True)),
        "Total": people if completed else None,
        "Patients with unknown clock start date": 0 if completed else None,
        "Total All": people,
    }
