"""The page on new evaluations is true: what it says is done in a copy of the checkout, from nothing to a release."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "new-evaluation.md"
BLOCK = re.compile(r"```(python|sh)\n(.*?)```(?:\n\n```text\n(.*?)```)?", flags=re.DOTALL)
COPIED = ("assets", "configs", "evaluations", "pipeline")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with an environment whose ``causeway`` runs the copy."""
    root = tmp_path_factory.mktemp("checkout")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    programs = root / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, arguments in {"causeway": "-m assets", "python": ""}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        (programs / name).chmod(0o755)
    return root


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def done(checkout: Path) -> dict[str, str]:
    """What each command of the page printed, every block done in its order and held against the page."""
    said = {}
    for kind, block, printed in BLOCK.findall(PAGE.read_text()):
        if kind == "python":
            named, code = block.split("\n", maxsplit=1)
            (checkout / named.removeprefix("# ")).write_text(code)
            continue
        ran = shell(f"set -e\n{block}", checkout)
        assert ran.returncode == 0, ran.stderr
        assert not printed or ran.stdout.replace(f"{checkout}/", "") == printed
        said[block] = ran.stdout
    return said


def test_every_block_of_the_page_prints_what_stands_below_it(done: dict[str, str]):
    text = PAGE.read_text()
    assert len(done) == text.count("```sh") == 4
    assert len(BLOCK.findall(text)) == text.count("```python") + 4


def test_the_new_evaluation_is_listed(done: dict[str, str]):
    (listed,) = [said for block, said in done.items() if "evaluations" in block]
    assert "msk_physiotherapy" in listed


def test_its_group_is_in_the_graph_with_a_job_and_a_schedule(done: dict[str, str], checkout: Path):
    program = (
        "from assets.definitions import defs; graph = defs.resolve_asset_graph();"
        "print(*sorted(k.to_user_string() for k in graph.get_all_asset_keys()"
        " if graph.get(k).group_name == 'msk_physiotherapy'));"
        "print('panels/msk_physiotherapy' in {k.to_user_string() for k in graph.get_all_asset_keys()});"
        "repository = defs.get_repository_def();"
        "print(repository.has_job('msk_physiotherapy_job'), repository.has_schedule_def('msk_physiotherapy_monthly'))"
    )
    ran = shell(f'.venv/bin/python -c "{program}"', checkout)
    stages = ("cohort", "diagnostics", "estimates", "panel", "release")
    assert ran.stdout.splitlines() == [" ".join(f"msk_physiotherapy/{s}" for s in stages), "True", "True True"]


def test_its_report_says_what_was_evaluated(done: dict[str, str], checkout: Path):
    page = checkout / "demo" / "msk-releases" / "msk-1-v1" / "msk_physiotherapy" / "index.html"
    assert "after a first physiotherapy appointment, monthly pay was" in page.read_text()
