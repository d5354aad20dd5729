"""What a published study fixed is in the evaluation's own file, and nowhere in the code that carries it out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import evaluations

ROOT = Path(__file__).parents[2]
CARRIED_OUT = ("pipeline", "assets")
ELSEWHERE = (ROOT / "pipeline" / "synthetic", ROOT / "pipeline" / "records" / "validation")
"""Made-up people, and what a record of a source can be at all: neither is a rule of who is studied."""
"""Made-up deliveries hold the published effects and cohort rules on purpose: they are what estimates are held to."""

SPLINE = {"df": 5, "boundary": (0.10, 0.90)}
PRICES = {"base_year": 2023, "winsorise_above": 0.9999}
SINCE_2014 = {"treated_between": ("2014-04", "2022-12"), "observed_between": ("2014-04", "2022-12")}
SINCE_2016 = {"treated_between": ("2016-04", "2022-12"), "observed_between": ("2014-04", "2022-12")}

BARIATRIC_CODES = (
    "G281 G302 G304 G312 G282 G283 G284 G716 G285 G301 G303 G321 G331 G481 G485",
    "E66 E660 E661 E662 E668 E669",
    "K44 K440 K441 K449 K21 K210 K219 K29 K290 K291 K292 K293 K294 K295 K296 K297 K298 K299 R11X",
)
ENDOMETRIOSIS_CODES = "N800 N801 N802 N803 N804 N805 N806 N808 N809"

PUBLISHED: dict[str, dict[str, Any]] = {
    "bariatric_surgery": SINCE_2014
    | {
        "ages": (25, 64),
        "first_since": date(2009, 4, 1),
        "n": 50_000,
        "strata": ("sex", "five_year_band"),
        "window": (59, 60, (-5, 0), "ons"),
        "age_bands": (25, 35, 45, 55, 65),
        "codelists": BARIATRIC_CODES,
    },
    "talking_therapies": SINCE_2014
    | {
        "ages": (25, 64),
        "first_since": date(2012, 4, 1),
        "completed_contacts": 2,
        "n": 50_000,
        "strata": ("sex", "five_year_band"),
        "window": (59, 84, (-23, -12), "ons"),
        "age_bands": (25, 35, 45, 55, 65),
        "codelists": (),
    },
    "endometriosis_diagnosis": SINCE_2016
    | {
        "ages": (25, 54),
        "sex": "female",
        "first_since": date(2009, 4, 1),
        "n": 50_000,
        "strata": ("five_year_band",),
        "window": (59, 60, (-23, 0), "ons"),
        "age_bands": (25, 35, 45, 55),
        "codelists": (ENDOMETRIOSIS_CODES,),
    },
}
"""By evaluation what its publication fixes of a delivery."""

RULES = {
    "ages", "sex", "treated_between", "observed_between", "base_year", "winsorise_above", "age_bands", "first_since",
    "completed_contacts", "n", "before", "after", "reference", "anticipation", "df", "boundary",
}  # fmt: skip
"""Fields of a declaration that fix a count; what chooses among ways (``bins``, ``strata``) has a name instead."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_rule_is_what_the_evaluation_declares(name):
    declared, published = evaluations.load(name), PUBLISHED[name]
    evaluation, design = declared.evaluation, declared.evaluation.design
    window = design.window
    found = {
        "treated_between": evaluation.treated_between,
        "observed_between": evaluation.observed_between,
        "ages": evaluation.eligibility.ages,
        "sex": evaluation.eligibility.sex,
        "first_since": design.index_event.first_since,
        "completed_contacts": getattr(design.index_event, "completed_contacts", None),
        "n": design.comparison.n,
        "strata": design.comparison.strata,
        "window": (window.before, window.after, window.reference, window.bins),
        "age_bands": evaluation.age_bands,
        "codelists": tuple(" ".join(declared.codelists[one].codes) for one in design.index_event.codelists),
    }
    assert found == {"sex": None, "completed_contacts": None} | published
    assert evaluation.prices.model_dump() == PRICES
    assert design.age_spline.model_dump() == SPLINE


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_rule_is_written_in_the_evaluations_own_file(name):
    tree = ast.parse((evaluations.FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    written = {keyword.arg for call in _calls(tree) for keyword in call.keywords}
    of_window = {"before", "after", "reference", "bins"}
    needed = {*PUBLISHED[name], *PRICES, *SPLINE, *of_window} - {"codelists", "window"}
    assert needed <= written


def _sources() -> Iterator[tuple[Path, ast.Module]]:
    """The code that carries evaluations out, parsed."""
    for folder in CARRIED_OUT:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if not any(file.is_relative_to(folder) for folder in ELSEWHERE):
                yield file.relative_to(ROOT), ast.parse(file.read_text(encoding="utf-8"))


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _constants(tree: ast.AST) -> Iterator[tuple[Any, int]]:
    """Every literal but docstrings and the text of f-strings, with its line; a tuple of numbers counts as one too."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    told |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in told:
            yield node.value, node.lineno
        elif isinstance(node, ast.Tuple):
            numbers = _numbers(node)
            if numbers is not None:
                yield numbers, node.lineno


def _numbers(node: ast.Tuple) -> tuple[int, ...] | None:
    """A tuple of whole numbers, written out."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if all(isinstance(one, int) for one in value) else None


def _declared() -> set[Any]:
    """Months, codes, sizes, years of days and spans that evaluations declare: what nobody writes for another reason."""
    found: set[Any] = set()
    for name in evaluations.names():
        protocol = evaluations.load(name)
        for value in _leaves(protocol.evaluation.model_dump()):
            found |= {value} if _telling(value) else set()
            found |= {value.year} if isinstance(value, date) else set()
        found |= {code for codelist in protocol.codelists.values() for code in codelist.codes}
        found |= {name, *protocol.codelists}
    return found


def _leaves(declared: Any) -> Iterator[Any]:
    """Every value, tuples of numbers whole as well as one by one."""
    if isinstance(declared, dict):
        for value in declared.values():
            yield from _leaves(value)
    elif isinstance(declared, tuple | list):
        yield tuple(declared) if all(isinstance(one, int) for one in declared) else None
        for value in declared:
            yield from _leaves(value)
    else:
        yield declared


def _telling(value: Any) -> bool:
    """Whether a value is a rule wherever it is written: a month, a day, a large or a precise number, a span."""
    if isinstance(value, str):
        return len(value) == 7 and value[4] == "-" and value[:4].isdigit()
    if isinstance(value, tuple):
        return len(value) > 1 and any(abs(one) > 1 for one in value)
    return isinstance(value, date) or (isinstance(value, int | float) and (abs(value) >= 1_000 or 0.99 < value < 1))


def test_no_code_holds_what_an_evaluation_declares():
    declared = _declared()
    assert {"2014-04", "2022-12", 50_000, 2023, 0.9999, (25, 64), (-23, -12), "G281", 2009} <= declared
    held = [
        f"{file}:{line}"
        for file, tree in _sources()
        for value, line in _constants(tree)
        if not isinstance(value, bool) and value in declared
    ]
    assert held == []


def test_no_code_fills_in_a_rule_for_an_evaluation():
    filled = [
        f"{file}:{keyword.value.lineno}: {keyword.arg}"
        for file, tree in _sources()
        for call in _calls(tree)
        for keyword in call.keywords
        if keyword.arg in RULES and _is_number(keyword.value) and _name(call) in DECLARES
    ]
    assert filled == []


DECLARES = {
    "Evaluation", "Eligibility", "Prices", "StaggeredAdoption", "GeneralPopulation", "Window", "AgeSpline",
    "Procedure", "FirstTherapySession", "Diagnosis", "OperationOnceDiagnosed",
}  # fmt: skip


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _is_number(node: ast.expr) -> bool:
    """Whether it is a number or a span of numbers, written out, that is not nought."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return False
    return value not in (0, None, (), True, False) and not isinstance(value, str)


DEFAULTS = {("AgeSpline", "df"), ("AgeSpline", "boundary")}
"""The published spline, which a caller of the library gets who gives ages and no spline; evaluations declare theirs."""


def test_no_declaration_has_a_published_rule_for_a_default():
    defaults = {
        (owner.name, field.target.id)
        for file, tree in _sources()
        if file.is_relative_to("pipeline/vocabulary")
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef) and owner.name in DECLARES
        for field in owner.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and field.target.id in RULES
        if field.value is not None and _default(field.value)
    }
    assert defaults == DEFAULTS


def _default(node: ast.expr) -> bool:
    """Whether a field has a number for its default, given plainly or to ``Field``."""
    if isinstance(node, ast.Call):
        return any(keyword.arg == "default" and _is_number(keyword.value) for keyword in node.keywords)
    return _is_number(node)
