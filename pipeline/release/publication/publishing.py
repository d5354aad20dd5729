"""Publishing: releases go in, a new version of the delivery's release folder stands there whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.release.disclosure import Release
from pipeline.release.publication.approval import refuse_unapproved
from pipeline.release.publication.facts import Facts
from pipeline.release.publication.files import write_pages, write_tables
from pipeline.release.publication.manifest import verify, write_manifest
from pipeline.release.publication.versions import alone, building, existing, put_in_place
from pipeline.vocabulary.errors import Fault, RequestError

_DELIVERY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def publish(
    releases: Sequence[Release], *, out: Path, facts: Facts, recorded: Callable[[str], object] | None = None
) -> Path:
    """The folder ``<out>/<delivery>-v<k>`` with every file of the release, ``k`` one more than the highest there.

    Parameters
    ----------
    recorded
        Told the folder's name before it is in place: where what is published is entered.

    Raises
    ------
    RequestError
        If something else than releases is given, or the folder cannot be written; nothing half-written stays.
    ApprovalError
        If the profile is ``official`` and an evaluation lacks what it demands.
    DisclosureError
        If two releases would give back what one of them hides.
    """
    _refuse_request(releases, facts)
    refuse_unapproved(releases, facts)
    try:
        with alone(out):
            versions = existing(out, facts.delivery)
            version = max(versions, default=0) + 1
            target = out / f"{facts.delivery}-v{version}"
            with building(out) as folder:
                title = f"Causeway estimates: delivery {facts.delivery}, version {version}"
                previous = versions.get(version - 1)
                changed = write_tables(folder, releases, facts=facts, title=title, previous=previous)
                write_pages(folder, releases, facts=facts, changed=changed)
                write_manifest(folder, releases, facts=facts, version=version)
                verify(folder)
                if recorded is not None:
                    recorded(target.name)
                put_in_place(folder, target)
    except OSError as error:
        what = f"the release cannot be written ({error.strerror or 'the disk refused'})"
        raise RequestError(Fault(what=what, file=out.name, remedy="Nothing was published. Look at --out.")) from None
    return target


def _refuse_request(releases: Sequence[Release], facts: Facts) -> None:
    """Refuse what is no set of releases of one delivery."""
    faults = []
    if not all(isinstance(release, Release) for release in releases):
        faults.append(Fault(what="only a Release that disclosure made can be published"))
    elif not releases:
        faults.append(Fault(what="there is nothing to publish", remedy="Run the delivery's evaluations first."))
    else:
        twice = sum(count > 1 for count in Counter(release.evaluation for release in releases).values())
        if twice:
            faults.append(Fault(what="an evaluation is given twice", count=twice, unit="evaluations"))
    if not _DELIVERY.fullmatch(facts.delivery):
        remedy = "Letters, digits, dot, dash and underscore; a letter or digit first."
        faults.append(Fault(what="the delivery id cannot name a folder", file="delivery.json", remedy=remedy))
    if faults:
        raise RequestError(faults)
