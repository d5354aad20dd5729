"""Suites: every rule is a Great Expectations expectation that a data owner can read."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date

import duckdb
import pytest

from pipeline.records.validation.checks import check_names
from pipeline.records.validation.library import great_expectations
from pipeline.records.validation.report_page import meaning, per_cent
from pipeline.records.validation.rules import between, plain_name, says
from pipeline.records.validation.suites import suite
from pipeline.vocabulary.errors import RequestError
from pipeline.vocabulary.schemas.schema import Column, Schema
from pipeline.vocabulary.schemas.sources import PAYE_RTI, SOURCES

WORDS = says("An amount holds.", "Check amount.")


@pytest.mark.parametrize("schema", SOURCES.values(), ids=SOURCES)
def test_every_rule_is_an_expectation_with_its_severity_and_name(schema):
    Expectation = great_expectations().expectations.Expectation
    for rule in suite(schema):
        expectation = rule.expect()
        assert isinstance(expectation, Expectation)
        assert expectation.severity == rule.severity
        assert expectation.meta == {"rule": rule.name}


@pytest.mark.parametrize("schema", SOURCES.values(), ids=SOURCES)
def test_rules_are_named_once_and_read_only_columns_that_exist(schema):
    rules = suite(schema)
    names = [rule.name for rule in rules]
    assert len(set(names)) == len(names)
    assert {column for rule in rules for column in rule.columns} <= set(schema.names)


@pytest.mark.parametrize("schema", SOURCES.values(), ids=SOURCES)
def test_a_measure_of_one_name_is_the_same_in_every_rule(schema):
    measures: dict[str, str] = {}
    for rule in suite(schema):
        for name, sql in rule.measures.items():
            assert measures.setdefault(name, sql) == sql


@pytest.mark.parametrize("schema", SOURCES.values(), ids=SOURCES)
def test_every_rule_says_what_it_expects_and_what_to_do_in_a_sentence(schema):
    for rule in suite(schema):
        assert re.fullmatch(r"[A-Za-z].*\.", rule.sentence)
        assert re.fullmatch(r"[A-Z].*\.", rule.remedy)


@pytest.mark.parametrize("schema", SOURCES.values(), ids=SOURCES)
def test_a_check_has_a_name_that_any_orchestrator_takes(schema):
    names = check_names(schema)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)
    assert len(set(names)) == len(names)


def test_naming_the_checks_does_not_import_great_expectations():
    program = (
        "import sys; from pipeline.records.validation import check_names;"
        "from pipeline.vocabulary.schemas.sources import PAYE_RTI; check_names(PAYE_RTI);"
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_source_without_a_file_of_rules_is_refused_by_name():
    schema = Schema(name="unheard/of", grain="row", columns=(Column(name="a", type=PAYE_RTI["month"].type),))
    with pytest.raises(RequestError, match="source unheard/of: no file states the rules of this source"):
        suite(schema)


def test_bounds_on_a_date_are_days_and_include_both_ends():
    rule = between("day", date(2000, 1, 1), date(2000, 1, 31), words=WORDS)
    (sql,) = rule.measures.values()
    measured = duckdb.sql(f"SELECT {sql} FROM (SELECT DATE '2000-01-31' AS day)").fetchall()
    assert measured[0][0] == rule.arguments["max_value"]


def test_the_cut_off_bounds_what_may_be_dated():
    last = {rule.name: rule.arguments.get("max_value") for rule in suite(PAYE_RTI, cut_off=date(2020, 6, 30))}
    assert last["range:month"] == 2020 * 12 + 6


def test_a_rules_plain_name_has_letters_digits_and_underscores():
    assert plain_name("order:epistart,epiend") == "order_epistart_epiend"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.00%"),
        (0.00001, "under 0.01%"),
        (0.0001, "0.01%"),
        (0.5, "50.00%"),
        (0.99999, "over 99.99%"),
        (1, "100.00%"),
    ],
)
def test_a_share_never_reads_as_nought_or_all_unless_it_is(share, text):
    assert per_cent(share) == text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("missing:valid_nino", "valid_nino has no value, and must have one"),
        ("month_shape", "month shape"),
        ("type:", "type "),
    ],
)
def test_an_ingestion_rule_is_put_in_words(rule, words):
    assert meaning(rule) == words
