"""What a publication says about itself beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Where a publication comes from and who answers for it.

    Attributes
    ----------
    delivery, delivery_digest
        The delivery's id, and SHA-256 over its files.
    commit, lock_digest, settings_digest, seed, versions
        What the numbers were made with: code, locked environment, settings, seed and main packages.
    profile
        ``demo`` or ``official``.
    organisation, contact, revisions_policy, next_release, licence
        As configured in ``configs/publication.toml``.
    """

    delivery: str
    delivery_digest: str
    commit: str
    lock_digest: str
    settings_digest: str
    seed: int
    versions: Mapping[str, str]
    profile: str
    organisation: str
    contact: str
    revisions_policy: str
    next_release: str
    licence: str = "Not licensed for reuse: ask the contact."
