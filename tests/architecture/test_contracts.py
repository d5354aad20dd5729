"""What holds for the code as a whole."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("pipeline", "assets", "evaluations")
LONGEST_MODULE = 300
HELP_LIMIT = 1.0
"""Seconds of processor time that ``causeway --help`` may take, as the design says."""


def _sources(*folders: str) -> list[Path]:
    return [file for folder in folders for file in (ROOT / folder).rglob("*.py")]


def test_imports_run_one_way():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_only_disclosure_makes_a_release():
    for file in _sources(*PACKAGES):
        calls = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
        makers = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Release"]
        assert not makers or file.is_relative_to(ROOT / "pipeline/release/disclosure"), file


def test_only_publication_writes_a_release_folder():
    named = [file for file in _sources(*PACKAGES) if "manifest.json" in file.read_text()]
    assert named
    assert all(file.is_relative_to(ROOT / "pipeline/release/publication") for file in named)


def test_only_published_waiting_times_are_declared_published():
    declared = [file for file in _sources(*PACKAGES) if 'role="published"' in file.read_text()]
    assert declared == [ROOT / "pipeline/vocabulary/schemas/rtt.py"]


def test_the_pipeline_neither_logs_nor_prints():
    for file in _sources("pipeline"):
        calls = {node.func.id for node in ast.walk(ast.parse(file.read_text()))
                 if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
        assert "print" not in calls, file


def test_assets_do_not_postpone_annotations():
    assert not [file for file in _sources("assets") if "from __future__ import annotations" in file.read_text()]


def test_no_module_is_longer_than_a_person_reads():
    long = {file: len(file.read_text().splitlines()) for file in _sources(*PACKAGES)}
    assert not {str(file): lines for file, lines in long.items() if lines > LONGEST_MODULE}


@pytest.mark.parametrize(
    "document", ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
)
def test_a_document_names_only_places_that_exist(document: str):
    text = (ROOT / document).read_text()
    tops = "configs|evaluations|assets|pipeline|tests|benchmarks|docs"
    places = set(re.findall(rf"`((?:{tops})/[\w./-]*)`", text))
    missing = {place for place in places if not (ROOT / place).exists()}
    assert not missing


def test_readme_names_every_command_and_only_those():
    from assets.cli import app

    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    named = set(re.findall(r"causeway (\w+)", (ROOT / "README.md").read_text()))
    assert named == commands


def test_readme_names_only_make_targets_that_exist():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"make (\w+)", (ROOT / "README.md").read_text()))
    assert named - {"or"} <= targets


def test_readme_shows_every_room():
    shown = (ROOT / "README.md").read_text()
    rooms = [room.name for room in (ROOT / "pipeline").iterdir() if (room / "__init__.py").is_file()]
    assert all(f"`pipeline/{room}/`" in shown for room in rooms)


def test_every_ignored_lint_rule_has_its_reason():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    rules = tomllib.loads("\n".join(lines))["tool"]["ruff"]["lint"]["ignore"]
    for rule in rules:
        (line,) = [line for line in lines if line.strip().startswith(f'"{rule}",')]
        assert "#" in line, rule


def test_help_answers_at_once():
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "assets", "--help"], cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert min(used, time.perf_counter() - start) < HELP_LIMIT


def test_the_lock_names_no_private_registry():
    sources = set(re.findall(r'https://([^/"]+)', (ROOT / "uv.lock").read_text()))
    assert sources <= {"pypi.org", "files.pythonhosted.org"}
