"""What every kind of test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of real data with known answers: ``CAUSEWAY_REFERENCE_DATA``, else ``../shared/data``."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CAUSEWAY_REFERENCE_DATA", default))
    if not (folder / "README.md").is_file():
        pytest.fail(f"no reference data at {folder}: set CAUSEWAY_REFERENCE_DATA to the folder that holds its README")
    return folder
