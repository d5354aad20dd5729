"""A file in ``evaluations/`` that is at fault: one message has all that is wrong with it, and how to mend it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import evaluations
from pipeline.vocabulary.codelists import read_codelist
from pipeline.vocabulary.errors import RequestError

Faults = Callable[..., str]

LINKED = (evaluations.FOLDER / "hospitalisation_and_earnings.py").read_text()
STAGGERED = (evaluations.FOLDER / "bariatric_surgery.py").read_text()


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """What a file is refused for, put into an otherwise empty folder of evaluations."""
    (tmp_path / "codelists").mkdir()
    monkeypatch.setattr(evaluations, "FOLDER", tmp_path)
    monkeypatch.setattr(evaluations, "__path__", [str(tmp_path)])

    def refused(text: str, *changes: tuple[str, str], name: str = "a_new_one") -> str:
        for old, new in changes:
            assert text.count(old) >= 1
            text = text.replace(old, new, 1)
        (tmp_path / f"{name}.py").write_text(text)
        with pytest.raises(RequestError) as error:
            evaluations.load(name)
        assert f"evaluations.{name}" not in sys.modules, "a mended file would not be read"
        return str(error.value)

    yield refused
    sys.modules.pop("evaluations.a_new_one", None)


def test_all_that_is_wrong_with_a_file_is_said_at_once(faults: Faults):
    said = faults(
        LINKED,
        ('title="A hospital', 'titel="A hospital'),
        ('person="hhidpn"', 'persn="hhidpn"'),
        ("before=2", "befor=2"),
        ('estimators=("ons_fixed_effects", ', 'estimators=("ons_fixd_effects", '),
        ('unit="US dollars a year", column="riearnsemp"', 'units="US dollars a year", column="riearnsemp"'),
        ('subgroups=("male",)', 'subgroups=("females",)'),
    )
    for fault in (
        "Evaluation has no field titel (did you mean title?)",
        "Evaluation needs title",
        "LinkedPanel has no field persn (did you mean person?)",
        "LinkedPanel needs person",
        "Window has no field befor (did you mean before?)",
        "Window needs before",
        "Outcome has no field units (did you mean unit?)",
        "Outcome needs unit",
        "there is no estimator ons_fixd_effects (did you mean ons_fixed_effects?)",
        "the headline estimator ons_fixed_effects is not among the estimators",
        "the panel has no subgroup females (did you mean male?)",
    ):
        assert said.count(f"file evaluations/a_new_one.py: {fault}.") == 1, fault


def test_a_part_at_fault_does_not_stop_the_check_of_its_whole(faults: Faults):
    said = faults(LINKED, ("before=2", "befor=2"))
    assert said.count("file evaluations/a_new_one.py: ") == 2
    assert "Window needs before." in said


def test_a_file_with_code_lists_says_which_are_missing_beside_its_other_faults(faults: Faults):
    said = faults(
        STAGGERED,
        ("reference=(-5, 0)", "reference=(-99, 0)"),
        ('outcomes=("pay", ', 'outcomes=("payy", '),
        ('sources=("hes_apc", "paye_rti", ', 'sources=("hes_apcs", "paye_rti", '),
        ('subgroups=("sex", ', 'subgroups=("shoe_size", '),
        ('treated_between=("2014-04", "2022-12")', 'treated_between=("2022-12", "2014-04")'),
    )
    for fault in (
        "the reference must lie inside the window and end at or before event time 0",
        "Evaluation.outcomes.0: there is no outcome payy (did you mean pay?)",
        "there is no source hes_apcs (did you mean hes_apc?)",
        "the index event needs source hes_apc",
        "the panel has no subgroup shoe_size (there are: ",
        "treated_between ends before it starts",
        "code list bariatric_opcs4 is not there. Add the CSV file to evaluations/codelists",
        "code list obesity_icd10 is not there",
    ):
        assert said.count(fault) == 1, fault


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("window=Window(", "window=Windw("), "it cannot be read: name 'Windw' is not defined"),
        (("import LinkedPanel", "import LinkdPanel"), "it cannot be read: cannot import name 'LinkdPanel'"),
        (('title="A hospital', "title=A hospital"), "line 13 is not Python: "),
        (("EVALUATION = ", "EVALUTION = "), "the file does not define EVALUATION = Evaluation(...)"),
        (
            ('subgroups=("male",)', 'subgroups=("male")'),
            'Evaluation.subgroups: Input should be a valid tuple, such as ("one",)',
        ),
        (("sources=(", 'sources=("paye_rti", '), "a linked panel has one source, its own: panels/hrs_hospitalisation"),
        (("reference=(0, 0)", "reference=(1, 1)"), "the reference must lie inside the window and end at or before"),
        (('column="oop_spend"', 'column=""'), "outcome out_of_pocket needs the owner's column"),
    ],
)
def test_what_a_beginner_gets_wrong_is_said_in_words(change: tuple[str, str], fault: str, faults: Faults):
    assert f"file evaluations/a_new_one.py: {fault}" in faults(LINKED, change)


def test_a_name_that_no_group_can_have_is_refused(faults: Faults):
    assert "the file's name must be lower-case letters, digits and underscores" in faults(LINKED, name="msk-physio")


def test_a_mended_file_is_read(faults: Faults, tmp_path: Path):
    faults(LINKED, ('person="hhidpn"', 'persn="hhidpn"'))
    (tmp_path / "a_new_one.py").write_text(LINKED + "\n")
    assert evaluations.load("a_new_one").evaluation.design.person == "hhidpn"


def test_outside_of_loading_a_declaration_at_fault_is_refused_where_it_is_made():
    from pydantic import ValidationError

    from pipeline.vocabulary.windows import Window

    with pytest.raises(ValidationError, match="the reference must be made of whole bins"):
        Window(before=59, after=60, reference=(-4, 0))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("code,name\nA1,x\n", "missing: group, source, version"),
        ("code,group,source,version\n", "at least one code"),
        ("code,group,source,version\nA1,x,s,1\nA1,x,s,1\n", "each once"),
        ("code,group,source,version\nA1,x,s,1\n,x,s,1\n", "at least one code"),
        ("code,group,source,version\nA1,x,s,1\nA2,x,s,2\n", "one source and version"),
    ],
)
def test_a_code_list_at_fault_says_what_it_lacks(text: str, fault: str, tmp_path: Path):
    (tmp_path / "hips.csv").write_text(text)
    with pytest.raises(RequestError, match=f"file hips.csv: .*{fault}"):
        read_codelist(tmp_path / "hips.csv")
