"""What a result is made from, besides its inputs: the code of its rooms and the protocols that are declared."""

import evaluations
from pipeline.engine.provenance import code_digest
from pipeline.vocabulary.protocol import Protocol


def code(*rooms: str) -> str:
    """The digest of the rooms a stage runs in, and of the two floors they stand on."""
    return code_digest("pipeline/vocabulary", "pipeline/engine", *(f"pipeline/{room}" for room in rooms))


def protocols() -> dict[str, Protocol]:
    """Every evaluation's protocol by name."""
    return {name: evaluations.load(name) for name in evaluations.names()}
