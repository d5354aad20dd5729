"""Census: the spellings of sex, quarter of birth, ethnic group and region that owners use."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records.ingestion.conversion import Converted, one_of
from pipeline.records.ingestion.readings import Reading
from pipeline.vocabulary.schemas.sources import ETHNIC_GROUPS, REGIONS

SEX = {
    "f": "female", "female": "female", "females": "female", "2": "female",
    "m": "male", "male": "male", "males": "male", "1": "male",
}  # fmt: skip

QUARTER = {spelling: str(n) for n in range(1, 5) for spelling in (str(n), f"0{n}", f"q{n}")}

_WHITE, _MIXED, _ASIAN, _BLACK, _OTHER, _MISSING = ETHNIC_GROUPS

_CODES = {
    **dict.fromkeys(range(1, 6), _WHITE),
    **dict.fromkeys(range(6, 10), _MIXED),
    **dict.fromkeys(range(10, 15), _ASIAN),
    **dict.fromkeys(range(15, 18), _BLACK),
    **dict.fromkeys(range(18, 20), _OTHER),
}
"""Census 2021, ethnic group in 20 categories, as ONS aggregates it."""

ETHNIC_GROUP = {
    **{group.lower(): group for group in ETHNIC_GROUPS},
    **{spelling: group for code, group in _CODES.items() for spelling in (str(code), f"{code:02d}")},
    **dict.fromkeys(("-8", "-9", "x", "xx"), _MISSING),
}

REGION = {
    **{region.lower(): region for region in REGIONS},
    **{f"e1200000{n}": region for n, region in enumerate(REGIONS, start=1)},
    "w92000004": "Wales",
}
"""Names in any case and the codes of the Office for National Statistics."""


def quarter(columns: Sequence[str], kinds: Sequence[str]) -> Converted:
    """1 to 4, with or without a Q."""
    given = one_of(QUARTER)(columns, kinds)
    return Converted(value=f"CAST({given.value} AS INTEGER)", present=given.present)


READING = Reading(
    conversions={
        "sex": one_of(SEX),
        "birth_quarter": quarter,
        "ethnic_group": one_of(ETHNIC_GROUP),
        "region": one_of(REGION, default="{given}"),
    }
)
