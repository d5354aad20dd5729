"""Errors that nobody foresaw: their text is kept back, because a library may have quoted a record in it."""

from pipeline.vocabulary.errors import CausewayError, Fault


class UnforeseenError(CausewayError):
    """A fault in Causeway itself."""


def unforeseen(stage: str, error: Exception) -> UnforeseenError:
    """What may be said of an unforeseen error: where it was, and of which kind."""
    return UnforeseenError(
        Fault(
            what=f"{stage} stopped on an unforeseen {type(error).__name__}",
            remedy="This is a fault in Causeway; --debug shows where, and may show values of records.",
        )
    )
