"""What an estimator is held against, stated on the test that holds it, and the page that lists it all.

A test says with ``@pytest.mark.validates`` what it holds an estimator against and how near it must come, and calls
``reached`` with what it found. ``pytest tests --validation docs/validation.md`` writes the page from the tests that
ran; with ``--collect-only`` the same page without figures.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

KINDS = {
    "published": "published number",
    "package": "outside package",
    "formula": "published formula",
    "truth": "simulated truth",
    "case": "special case",
}
# Of a page written without running the tests.
NOT_RUN = "…"


@dataclass(kw_only=True)
class Claim:
    """One test's claim.

    Attributes
    ----------
    test
        The test's file and name.
    estimator, kind, against
        Who is held, in which way, against what.
    relative, absolute
        By quantity, how near it must come: relative to the size of what it is held against, or in its own unit.
    reached
        By quantity, the largest deviation so far.
    """

    test: str
    estimator: str
    kind: str
    against: str
    relative: Mapping[str, float] = field(default_factory=dict)
    absolute: Mapping[str, float] = field(default_factory=dict)
    reached: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Parameters of one test are one claim an estimator."""
        return self.estimator, self.test


_running: ContextVar[Claim | None] = ContextVar("running", default=None)


def claim_of(item: pytest.Item) -> Claim | None:
    """What the test claims: its nearest ``validates``; the estimator is named there or is the test's parameter."""
    marker = item.get_closest_marker("validates")
    if marker is None:
        return None
    stated: dict[str, Any] = dict(marker.kwargs)
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    (estimator,) = marker.args or [parameters["estimator"]]
    (kind,) = [name for name in KINDS if name in stated]
    against = stated.pop(kind)
    if kind == "package":
        against = f"{against} {version(against)}"
    name = estimator if isinstance(estimator, str) else estimator.__name__.rpartition(".")[2]
    return Claim(test=item.nodeid.partition("[")[0], estimator=name, kind=KINDS[kind], against=against, **stated)


def run(item: pytest.Item) -> Iterator[None]:
    """Around one test: collects what it reaches; a claimed quantity that it never gave is a fault."""
    claim = claim_of(item)
    token = _running.set(claim)
    try:
        yield
    finally:
        _running.reset(token)
    if claim is not None:
        missing = {*claim.relative, *claim.absolute} - {*claim.reached}
        assert not missing, f"the test claims {sorted(missing)} and never says what it reached"
        item.user_properties.append(("claim", json.dumps(vars(claim))))


def reached(quantity: str, found: ArrayLike, expected: ArrayLike) -> None:
    """Assert that every number found is as near to the expected as the running test's claim says, and record it."""
    claim = _running.get()
    assert claim is not None, "only a test marked validates can say what it reached"
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    if quantity in claim.relative:
        limits, scale = {"rtol": claim.relative[quantity]}, np.abs(expected)
    else:
        limits, scale = {"rtol": 0.0, "atol": claim.absolute[quantity]}, np.ones_like(expected)
    np.testing.assert_allclose(found, expected, equal_nan=False, **limits)
    distance = np.abs(found - expected)
    deviation = np.divide(distance, scale, out=np.zeros_like(distance), where=distance > 0)
    claim.reached[quantity] = max(claim.reached.get(quantity, 0.0), float(deviation.max()))


def together(claims: Iterable[Claim]) -> list[Claim]:
    """One claim a test and estimator, its largest deviations over parameters, in the order of the page."""
    merged: dict[tuple[str, str], Claim] = {}
    for claim in claims:
        known = merged.setdefault(claim.key, claim)
        known.relative, known.absolute = {**known.relative, **claim.relative}, {**known.absolute, **claim.absolute}
        for quantity, deviation in claim.reached.items():
            known.reached[quantity] = max(known.reached.get(quantity, 0.0), deviation)
    return sorted(merged.values(), key=lambda one: (one.estimator, [*KINDS.values()].index(one.kind), one.test))


def page(claims: Iterable[Claim]) -> str:
    """The page: a section an estimator, a row a claim."""
    lines = [
        "# What each estimator is held against",
        "",
        "Written by `make validation` from the tests that it names, not by hand; a test holds the page to them.",
        "Deviations are the largest over everything that a test compares, every drawn panel included, rounded up to",
        "one digit; they are relative to the number held against unless *absolute* is said, and differ a little",
        "between machines. A row without a tolerance is a refusal, or something that holds or does not.",
    ]
    estimator = ""
    for claim in together(claims):
        if claim.estimator != estimator:
            estimator = claim.estimator
            lines += ["", f"## `{estimator}`", "", "| | claim | held against | tolerance | largest deviation | test |"]
            lines += ["|---|---|---|---|---|---|"]
        lines.append(_row(claim))
    return "\n".join(lines) + "\n"


def without_figures(text: str) -> str:
    """A page as it is before the tests have run."""
    rows = [line.split(" | ") for line in text.splitlines()]
    blank = [[*row[:4], NOT_RUN, row[5]] if len(row) == 6 and row[3] not in ("", "tolerance") else row for row in rows]
    return "\n".join(" | ".join(row) for row in blank) + "\n"


def _row(claim: Claim) -> str:
    file, _, name = claim.test.partition("::")
    words = name.removeprefix("test_").replace("_", " ")
    tolerances = [f"{what} {_short(limit)}" for what, limit in claim.relative.items()]
    tolerances += [f"{what} {_short(limit)} absolute" for what, limit in claim.absolute.items()]
    named = [*claim.relative, *claim.absolute]
    deviations = [f"{what} {rounded_up(claim.reached[what])}" for what in named if what in claim.reached]
    shown = ", ".join(deviations) or (NOT_RUN if named else "")
    return f"| {claim.kind} | {words} | {claim.against} | {', '.join(tolerances)} | {shown} | `{file}` |"


def _short(number: float) -> str:
    return f"{number:.3g}".replace("e-0", "e-")


def rounded_up(deviation: float) -> str:
    """One digit, never less than the deviation."""
    if deviation == 0:
        return "0"
    exponent = math.floor(math.log10(deviation))
    digit = math.ceil(round(deviation / 10.0**exponent, 6))
    return _short(digit * 10.0**exponent)
