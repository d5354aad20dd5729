"""Drawn releases, their pages on disk, and a browser to read them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from playwright.sync_api import Browser, sync_playwright

from drawn_releases import drawn_release
from evaluations import load
from pipeline.engine.settings import read_settings
from pipeline.release.disclosure.release import Release
from pipeline.release.publication.facts import Facts
from pipeline.release.publication.pages import evaluation_page, index_page
from pipeline.release.publication.revisions import REVISIONS

CHROMIUM_FLAGS = [
    "--no-sandbox",  # a build machine's user is often root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def releases() -> Mapping[str, Release]:
    """A release of each evaluation of realistic size; two ethnic groups of one are too small to publish."""
    return {
        "bariatric_surgery": drawn_release("bariatric_surgery", small=("Mixed", "Other")),
        "hospitalisation_and_earnings": drawn_release("hospitalisation_and_earnings"),
    }


@pytest.fixture(scope="session")
def therapies() -> Release:
    """A release with a dip before the index and splits after treatment, of one outcome to be quick."""
    declared = load("talking_therapies").evaluation
    subgroups = ("sex", "employment_adviser", "result_after_treatment")
    return drawn_release("talking_therapies", narrowed={"outcomes": declared.outcomes[:1], "subgroups": subgroups})


@pytest.fixture(scope="session")
def release_of() -> Callable[..., Release]:
    """Makes a release of one evaluation, declared otherwise where a test says so."""
    return drawn_release


@pytest.fixture(scope="session")
def facts() -> Facts:
    """What a demonstration says about itself."""
    said = read_settings().publication
    return Facts(
        delivery="2026-11",
        delivery_digest="5e" * 32,
        commit="0f" * 20,
        lock_digest="a1" * 32,
        settings_digest="c7" * 32,
        seed=20241205,
        versions={"causeway": "0.1.0", "duckdb": "2.0.0", "numpy": "2.4.0"},
        profile="demo",
        **said.model_dump(),
    )


@pytest.fixture(scope="session")
def revisions() -> pa.Table:
    """Two numbers of one evaluation changed since the version before."""
    row = {"evaluation": "bariatric_surgery", "file": "estimates.csv", "revision": "changed"}
    row["key"] = "ons_fixed_effects; headline; pay; all; 55; 60"
    changed = [row | {"column": "estimate", "old": "83.91", "new": "84.02"}]
    changed += [row | {"column": "std_error", "old": "11.02", "new": "11.01"}]
    return REVISIONS.conform(pa.Table.from_pylist(changed))


@pytest.fixture(scope="session")
def site(
    releases: Mapping[str, Release],
    therapies: Release,
    facts: Facts,
    revisions: pa.Table,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The pages of a publication, laid out as a release folder has them."""
    root = tmp_path_factory.mktemp("site")
    releases = {**releases, "talking_therapies": therapies}
    (root / "index.html").write_text(index_page(list(releases.values()), facts), encoding="utf-8")
    for name, release in releases.items():
        (root / name).mkdir()
        page = evaluation_page(release, facts, revisions=revisions)
        (root / name / "index.html").write_text(page, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium: the machine's own, which ``.ci/system`` installs."""
    found = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("no Chromium on this machine: run `sh .ci/system`")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
