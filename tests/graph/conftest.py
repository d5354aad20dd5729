"""One small synthetic delivery, run once for all tests of the graph that only look at what it left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

PEOPLE = 4_000
SEED = 7


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run: its delivery, its store and its release."""

    delivery: Path
    store: Path
    release: Path


@pytest.fixture(scope="session")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from pipeline.synthetic import synthesise

    folder = tmp_path_factory.mktemp("synthetic") / "delivery"
    synthesise(folder, people=PEOPLE, seed=SEED)
    return folder


@pytest.fixture(scope="session")
def finished(delivery: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    from assets.runs import publish, run

    root = tmp_path_factory.mktemp("finished")
    run(delivery, store=root / "store", chosen=(), debug=False)
    release = publish(delivery, store=root / "store", out=root / "releases", profile="demo", debug=False)
    return Run(delivery=delivery, store=root / "store", release=release)
