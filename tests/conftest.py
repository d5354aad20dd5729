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
    """Gathers claims from the reports of tests, whichever process ran them; writes the page if all ran and passed."""

    def __init__(self, page: Path) -> None:
        self.page, self.claims, self.whole = page, [], True

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.config.option.collectonly:
            self.claims += filter(None, map(claims.claim_of, session.items))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.whole &= not report.skipped
        if report.when == "call" and report.passed:
            said = [json.loads(value) for name, value in report.user_properties if name == "claim"]
            self.claims += [claims.Claim(**one) for one in said]

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self.whole &= exitstatus == pytest.ExitCode.OK
        if self.whole:
            self.page.write_text(claims.page(self.claims), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        said = "written" if self.whole else "left as it was: a test failed or was not run"
        terminalreporter.write_line(f"{self.page} {said}")


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of real data with known answers: ``CAUSEWAY_REFERENCE_DATA``, else ``../shared/data``.

    Without it tests fail in CI, and where the setting names another folder; elsewhere they are reported as not run.
    """
    default = Path(__file__).parents[2] / "shared" / "data"
    named = os.environ.get("CAUSEWAY_REFERENCE_DATA")
    folder = Path(named or default)
    if (folder / "mpdta.csv").is_file():
        return folder
    message = f"no reference data at {folder}: set CAUSEWAY_REFERENCE_DATA to the folder that holds mpdta.csv"
    if named or os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
