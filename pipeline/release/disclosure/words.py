"""Text that leaves: checks on a model, and the numbers that a sentence carries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.counts import rounded, unsafe
from pipeline.release.disclosure.rules import FREE_TEXT, MODEL, PRECISION, Disclosed, Entry, frame_of
from pipeline.vocabulary.schemas.results import DIAGNOSTICS

FIGURE_DIGITS = 4
"""Significant digits of a check's figure: more than anybody decides by, fewer than would give back a count."""

COUNTED = frozenset({"clusters"})
"""Checks whose figure is a count."""

WITHHELD = "Withheld: an estimate of this model is suppressed."

_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?")
"""A number that stands by itself: the digits of a name such as ``icd10`` are none."""


def disclose_diagnostics(
    table: pa.Table, *, estimates: pa.Table, protocol: Mapping[str, Any], rules: DisclosureProfile
) -> Disclosed:
    """The ``DIAGNOSTICS`` that may be shown: none of a model of which an estimate for everybody is suppressed.

    Figures are rounded to four significant digits; numbers in sentences as :func:`with_safe_numbers`.
    """
    frame = frame_of(table)
    shown = frame_of(estimates.select(["estimator", "outcome", "subgroup", "obs_status"]))
    suppressed = shown[(shown["subgroup"] == "all") & (shown["obs_status"] == "c")]
    models = set(zip(suppressed["estimator"], suppressed["outcome"], strict=True))
    hidden = pd.Series(
        [model in models for model in zip(frame["estimator"], frame["outcome"], strict=True)], dtype=bool
    )
    for figure in ("figure", "threshold"):
        frame[figure] = frame[figure].map(_significant, na_action="ignore").astype("float64")
    frame["figure"] = _safe_counts(frame, rules).mask(hidden)
    frame["status"] = frame["status"].mask(hidden, "not evaluated")
    sentences = frame["sentence"].mask(hidden, WITHHELD)
    early = protocol["evaluation"].get("design", {}).get("anticipation", 0)
    counted = _counted(estimates, of=set(frame["estimator"]), anticipation=early)
    frame["sentence"] = with_safe_numbers(sentences, declared=counted | declared_numbers(protocol), rules=rules)
    published = DIAGNOSTICS.conform(pa.Table.from_pandas(frame, preserve_index=False))
    changed = int((frame["sentence"] != sentences).sum())
    return Disclosed(
        table=published.replace_schema_metadata(None),
        entries=(
            Entry(table="diagnostics", rule=MODEL, cells=len(hidden), affected=int(hidden.sum())),
            Entry(table="diagnostics", rule=PRECISION, cells=2 * len(hidden), affected=2 * int((~hidden).sum())),
            Entry(table="diagnostics", rule=FREE_TEXT, cells=len(hidden), affected=changed),
        ),
    )


def _safe_counts(frame: pd.DataFrame, rules: DisclosureProfile) -> pd.Series:
    """The figures, those that are counts rounded as counts are; null where too small to show."""
    counts = frame["check"].isin(COUNTED) & frame["figure"].notna()
    whole = frame["figure"].where(counts).round().astype("Int64")
    safe = rounded(whole, rules).mask(unsafe(whole, rules).fillna(value=False).astype(bool)).astype("float64")
    return frame["figure"].where(~counts, safe)


def disclose_reasons(table: pa.Table, *, protocol: Mapping[str, Any], rules: DisclosureProfile) -> Disclosed:
    """The attrition table with safe numbers in the words of its reasons."""
    reasons = frame_of(table)["reason"]
    safe = with_safe_numbers(reasons, declared=declared_numbers(protocol), rules=rules)
    place = table.column_names.index("reason")
    entry = Entry(table="attrition", rule=FREE_TEXT, cells=len(safe), affected=int((safe != reasons).sum()))
    return Disclosed(
        table=table.set_column(place, table.schema.field(place), pa.array(safe, pa.string())), entries=(entry,)
    )


def with_safe_numbers(texts: pd.Series, *, declared: frozenset[int], rules: DisclosureProfile) -> pd.Series:
    """Texts in which a whole number that the protocol does not declare is treated as the count that it may be.

    Ages, dates, windows and sample sizes are in the protocol and stay, as do numbers with decimals, which are no
    counts. Any other is rounded, or ``[c]`` where it is too small to show.
    """

    def safe(found: re.Match[str]) -> str:
        number = found.group()
        if "." in number or int(number.replace(",", "")) in declared:
            return number
        count = pd.Series([int(number.replace(",", ""))], dtype="Int64")
        return "[c]" if unsafe(count, rules)[0] else f"{rounded(count, rules)[0]:,}"

    return texts.map(lambda text: _NUMBER.sub(safe, text))


def declared_numbers(protocol: Mapping[str, Any]) -> frozenset[int]:
    """Every whole number that the protocol declares: ages, windows, sizes, years, fixed before any record was read.

    Months and days of dates are none, nor are the outcomes' decimals and the lengths of robustness runs, of which no
    sentence speaks: they would let small counts pass.
    """
    declaration = {name: value for name, value in protocol["evaluation"].items() if name != "outcomes"}
    if isinstance(design := declaration.get("design"), dict):
        declaration["design"] = {name: value for name, value in design.items() if name != "robustness"}
    return frozenset(_whole_numbers(declaration))


def _whole_numbers(declared: object) -> Iterator[int]:
    if isinstance(declared, dict | list | tuple):
        for part in declared.values() if isinstance(declared, dict) else declared:
            yield from _whole_numbers(part)
    elif isinstance(declared, str):
        yield from (int(year) for year in re.findall(r"\d{4,}", declared))
    elif isinstance(declared, int) and not isinstance(declared, bool):
        yield abs(declared)


def _counted(estimates: pa.Table, *, of: set[str], anticipation: int) -> frozenset[int]:
    """How many bins a model of these estimators has, in all, before any anticipation and identified there."""
    model = ["estimator", "role", "outcome", "subgroup", "subgroup_value"]
    frame = frame_of(estimates.select([*model, "months_to", "estimate"]))
    frame = frame[frame["estimator"].isin(of)]
    before = frame[frame["months_to"] <= -anticipation]
    identified = before[before["estimate"].notna()]
    return frozenset(int(bins) for rows in (frame, before, identified) for bins in rows.groupby(model).size())


def _significant(figure: float) -> float:
    return float(f"{figure:.{FIGURE_DIGITS}g}")
