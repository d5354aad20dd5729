"""Names of levels: one that nobody declared is a value of a record until enough people share it."""

from __future__ import annotations

import re

import pandas as pd

from pipeline.release.disclosure.rules import LABELS, Entry
from pipeline.vocabulary.schemas.sources import ETHNIC_GROUPS, REGIONS, SEXES

_DECLARED = {"", "all", "missing", "not known", "Wales", *SEXES, *ETHNIC_GROUPS, *REGIONS}
_BAND = re.compile(r"\d|\d{1,2}-\d{1,2}|under \d{1,2}|\d{1,2} and over")
"""A quintile or another one-digit code, or an age band."""


def undeclared(names: pd.Series, *, within: pd.Series, hidden: pd.Series) -> pd.Series:
    """The rows whose level has a name of its own and no number shown anywhere in the table.

    Parameters
    ----------
    names, within
        The level of each row and the characteristic that it is a level of.
    hidden
        Whether the row's numbers are suppressed.
    """
    known = names.map(lambda name: name in _DECLARED or _BAND.fullmatch(str(name)) is not None).astype(bool)
    never_shown = hidden.astype(bool).groupby([within, names]).transform("all")
    return ~known & never_shown & (within != "conflicts")


def entry(table: str, dropped: pd.Series) -> Entry:
    """The line of the log: a cell is a row's name."""
    return Entry(table=table, rule=LABELS, cells=len(dropped), affected=int(dropped.sum()))
