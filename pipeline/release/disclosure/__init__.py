"""The only door out.

The tables of an evaluation go in. A :class:`Release` leaves if every number in it has enough people behind it, is
rounded, and cannot be had by subtraction; else :class:`pipeline.vocabulary.errors.DisclosureError`.
"""

from pipeline.release.disclosure.cells import cells_of_release
from pipeline.release.disclosure.door import disclose
from pipeline.release.disclosure.release import Release
from pipeline.release.disclosure.storage import load, save

__all__ = ["Release", "cells_of_release", "disclose", "load", "save"]
