"""What a publication profile demands of a release before it may be published."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.release.disclosure import Release
from pipeline.release.publication.facts import Facts
from pipeline.vocabulary.errors import ApprovalError, Fault, RequestError

PROFILES = ("demo", "official")
APPROVALS_NEEDED = 2


def refuse_unapproved(releases: Sequence[Release], facts: Facts) -> None:
    """Let a demonstration pass; refuse an official release of anything that fails a check or lacks approvals.

    Evaluators' decisions are not recorded yet, so no evaluation has its two approvals and nothing is official.

    Raises
    ------
    RequestError
        If the profile is not one of those known.
    ApprovalError
        With every evaluation's every lack.
    """
    if facts.profile not in PROFILES:
        raise RequestError(Fault(what="unknown publication profile", remedy=f"Known: {', '.join(PROFILES)}."))
    faults = [fault for release in releases for fault in _lacks(release)] if facts.profile == "official" else []
    if faults:
        raise ApprovalError(faults)


def _lacks(release: Release) -> list[Fault]:
    not_passed = sum(status != "pass" for status in release.diagnostics["status"].to_pylist())
    approvals = Fault(
        what=f"evaluation {release.evaluation} has none of the {APPROVALS_NEEDED} approvals that it needs",
        remedy="Publish with the profile demo until evaluators' decisions can be recorded.",
    )
    checks = Fault(
        what=f"evaluation {release.evaluation} has checks that do not pass",
        count=not_passed,
        unit="checks",
        remedy="Look at the checks on its page.",
    )
    return [checks, approvals] if not_passed else [approvals]
