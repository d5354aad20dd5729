"""What every kind of test may ask for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import claims


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--validation", metavar="PAGE", help="write what the tests marked validates reached to this page")


def pytest_configure(config: pytest.Config) -> None:
    page = config.getoption("--validation")
    if page and not hasattr(config, "workerinput"):
        config.pluginmanager.register(ValidationPage(Path(page)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    return (yield from claims.run(item))


class ValidationPage:
    """Gathers claims from the reports of tests, whichever process ran them, and writes the page if all passed."""

    def __init__(self, page: Path) -> None:
        self.page, self.claims = page, []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.config.option.collectonly:
            self.claims += filter(None, map(claims.claim_of, session.items))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            said = [json.loads(value) for name, value in report.user_properties if name == "claim"]
            self.claims += [claims.Claim(**one) for one in said]

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.OK:
            self.page.write_text(claims.page(self.claims), encoding="utf-8")


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of real data with known answers: ``CAUSEWAY_REFERENCE_DATA``, else ``../shared/data``."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CAUSEWAY_REFERENCE_DATA", default))
    if not (folder / "README.md").is_file():
        pytest.fail(f"no reference data at {folder}: set CAUSEWAY_REFERENCE_DATA to the folder that holds its README")
    return folder
