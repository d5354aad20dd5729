"""How far the numbers have been tested, said plainly and counted from the release itself."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.release.disclosure.release import Release
from pipeline.release.publication.pages.words import listed, named

NOT_ASSESSED = "not assessed"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The evidence level, and a sentence that says what stands behind it and what does not."""

    level: str
    sentence: str

    @property
    def assessed(self) -> bool:
        """Whether somebody has given the evidence a level."""
        return self.level != NOT_ASSESSED


def evidence(release: Release) -> Evidence:
    """The evidence for everybody's estimates in words, with how many estimators, runs and checks there are."""
    given = zip(*(release.estimates[name].to_pylist() for name in ("subgroup", "evidence")), strict=True)
    levels = {value for subgroup, value in given if subgroup == "all" and value}
    level = listed(tuple(sorted(levels))) or NOT_ASSESSED
    named_runs = _distinct(release, "estimates", "estimator")
    estimators = tuple(name for name in named_runs if ":" not in name)
    checks = _distinct(release, "diagnostics", "check")
    unreviewed = " Treat every number as unreviewed." if level == NOT_ASSESSED else ""
    return Evidence(
        level=level,
        sentence=f"Behind these numbers stand {_several(estimators, 'estimator')}"
        f"{_runs(len(named_runs) - len(estimators))} and "
        f"{_several(checks, 'credibility check')}.{_failures(release)}{unreviewed}",
    )


def _runs(number: int) -> str:
    """Robustness runs, which have their own table, by number alone."""
    if not number:
        return ""
    return ", one robustness run" if number == 1 else f", {number} robustness runs"


def _failures(release: Release) -> str:
    """How many results of checks are fails, beside the headline and not only in the table of checks."""
    results = release.diagnostics["status"].to_pylist()
    failed = results.count("fail")
    return (
        f" {failed} of {len(results)} results of checks {'is a fail' if failed == 1 else 'are fails'}."
        if failed
        else ""
    )


def _distinct(release: Release, table: str, column: str) -> tuple[str, ...]:
    return tuple(sorted(set(getattr(release, table)[column].to_pylist())))


def _several(names: tuple[str, ...], noun: str) -> str:
    """``one estimator (ons_fixed_effects)``, ``no credibility check``, ``2 estimators (a and b)``."""
    if not names:
        return f"no {noun}"
    many = f"one {noun}" if len(names) == 1 else f"{len(names)} {noun}s"
    return f"{many} ({listed(tuple(named(name) for name in names))})"
