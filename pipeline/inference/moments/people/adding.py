"""Sums that add field by field."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Generic, Self, TypeVar

from pipeline.inference.moments.people.shards import Additive


@dataclass(frozen=True, kw_only=True)
class Added:
    """Arrays and numbers of one shard; those of two shards add, field by field."""

    def __add__(self, other: Self) -> Self:
        """The sums of both."""
        return replace(
            self, **{part.name: getattr(self, part.name) + getattr(other, part.name) for part in fields(self)}
        )


Sums = TypeVar("Sums", bound=Additive)


@dataclass(frozen=True, kw_only=True)
class Each(Generic[Sums]):
    """The sums of several timing groups, always in the same order."""

    parts: tuple[Sums, ...]

    def __add__(self, other: Each[Sums]) -> Each[Sums]:
        """The sums of both, one by one."""
        return Each(parts=tuple(mine + its for mine, its in zip(self.parts, other.parts, strict=True)))
