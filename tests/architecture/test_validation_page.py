"""The page of what each estimator is held against says what its tests say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import claims
from pipeline.inference import estimators

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "validation.md"
KINDS = ["simulated truth", "outside package", "published number", "special case"]


@pytest.fixture(scope="module")
def stated(tmp_path_factory) -> str:
    """The page that the tests state, without figures."""
    page = tmp_path_factory.mktemp("validation") / "page.md"
    asked = ["--collect-only", "-q", "-m", "validates", "--validation", str(page)]
    folders = [f"tests/{kind}" for kind in ("unit", "reference", "simulation")]
    command = [sys.executable, "-m", "pytest", *asked, *folders]
    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert collected.returncode == 0, collected.stdout
    return page.read_text()


def test_the_page_has_every_claim_of_the_tests_and_no_other(stated):
    assert claims.without_figures(PAGE.read_text()).splitlines() == stated.splitlines(), "run make validation"


def test_every_figure_on_the_page_is_within_its_tolerance():
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if " | `tests/" in line]
    assert len(rows) > 50
    for row in rows:
        assert claims.NOT_RUN not in row[4], row[1]
        limits, figures = ([part.removesuffix(" absolute").rpartition(" ") for part in cell.split(", ") if part]
                           for cell in row[3:5])  # fmt: skip
        assert [what for what, _, _ in limits] == [what for what, _, _ in figures]
        for (*_, limit), (*_, found) in zip(limits, figures, strict=True):
            assert float(found) <= float(claims.rounded_up(float(limit))), row[1]


@pytest.mark.parametrize("estimator", estimators.names())
def test_every_estimator_earns_its_place(stated, estimator):
    section = stated.partition(f"## `{estimator}`")[2].partition("\n## ")[0]
    missing = [kind for kind in KINDS if f"| {kind} |" not in section]
    assert not missing
