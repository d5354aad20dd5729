"""The Health and Retirement Study file of Dobkin et al. (2018), cut as in Sun and Abraham (2021)."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pyfixest
import pytest
from pyfixest.demeaners import MapDemeaner

import evaluations
from claims import reached
from pipeline.engine.settings import read_settings
from pipeline.inference.designs import staggered_adoption
from pipeline.inference.estimators import ons_fixed_effects
from pipeline.inference.moments.people.frames import FrameColumns, frame_panel
from pipeline.vocabulary.windows import Window

# pyfixest 0.60 uses a pandas argument that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")

# Asked of the project; both sides agree to 1e-12 here, so this leaves room for another BLAS.
RELATIVE = 1e-7
WINDOW = Window(before=2, after=3, reference=(0, 0), bins="single")


@pytest.fixture(scope="module")
def waves(reference_data) -> pd.DataFrame:
    """Waves 7 to 10; people first hospitalised in wave 11 are the comparison."""
    frame = pd.read_csv(reference_data / "hrs_hospitalisation.csv.gz").query("wave < 11")
    return frame.assign(treated_in=frame["wave_hosp"].where(frame["wave_hosp"] < 11), unit=frame["hhidpn"])


def ours(waves: pd.DataFrame, outcome: str, **options):
    return ons_fixed_effects.estimate(
        waves, outcome=outcome, person="hhidpn", month="wave", treatment_month="treated_in", window=WINDOW, **options
    )


@pytest.mark.validates("ons_fixed_effects", package="pyfixest", relative={"effects": RELATIVE, "errors": RELATIVE})
@pytest.mark.parametrize("outcome", ["riearnsemp", "oop_spend"])
def test_effects_of_a_hospital_stay_equal_pyfixest(waves, outcome):
    event_time = (waves["wave"] - waves["treated_in"] + 1).fillna(0).astype(int)
    demeaner = MapDemeaner(fixef_tol=1e-10, fixef_maxiter=10_000)
    # Clustered on a copy of the person id: see test_pyfixest.py.
    reference = pyfixest.feols(
        f"{outcome} ~ i(event, ref=0) | hhidpn + wave",
        waves.assign(event=event_time),
        vcov={"CRV1": "unit"},
        demeaner=demeaner,
    )
    frame = ours(waves, outcome).event_study()
    names = [f"event::{event}" for event in frame["event_time"]]
    assert frame["event_time"].tolist() == [-2, -1, 1, 2, 3]
    reached("effects", frame["att"], reference.coef()[names])
    reached("errors", frame["std_error"], reference.se()[names])


def test_the_counts_are_those_of_the_file(waves):
    study = ours(waves, "riearnsemp")
    frame = study.event_study().set_index("event_time")
    people = waves.drop_duplicates("hhidpn")
    assert study.n_people == len(people) == 656
    assert frame.loc[1, "n_treated"] == people["treated_in"].notna().sum() == 591
    assert frame.loc[-2, "n_treated"] == (people["treated_in"] == 10).sum() == 163
    assert set(frame["n_comparison"]) == {65}


def test_no_window_means_every_event_time_with_zero_the_reference(waves):
    bare = ons_fixed_effects.estimate(
        waves, outcome="oop_spend", person="hhidpn", month="wave", treatment_month="treated_in"
    )
    pd.testing.assert_frame_equal(bare.event_study(), ours(waves, "oop_spend").event_study())


class WavePanel:
    """The file as the panel of its evaluation: one frame an outcome, people's sex as a characteristic."""

    first_month, n_months = 7, 4

    def __init__(self, waves: pd.DataFrame) -> None:
        columns = {"earnings": "riearnsemp", "out_of_pocket": "oop_spend"}
        self.panels = {
            name: frame_panel(
                waves.assign(**{name: waves[column]}),
                FrameColumns(
                    outcome=name,
                    person="hhidpn",
                    month="wave",
                    treatment_month="treated_in",
                    characteristics=("male",),
                ),
            )
            for name, column in columns.items()
        }
        self.levels = self.panels["earnings"].levels

    def shards(self, outcome, characteristics=()):
        return self.panels[outcome].shards(outcome, characteristics)


def test_estimators_beside_the_headline_are_robustness(waves):
    protocol = evaluations.load("hospitalisation_and_earnings")
    estimators = ("ons_fixed_effects", "sun_abraham", "imputation")
    design = protocol.evaluation.design.model_copy(update={"estimators": estimators, "robustness": ()})
    evaluation = protocol.evaluation.model_copy(update={"design": design})
    found = staggered_adoption.estimates(
        WavePanel(waves), dataclasses.replace(protocol, evaluation=evaluation), read_settings().inference
    ).to_pandas()
    shown = found.query("subgroup == 'all' and outcome == 'earnings' and months_from == 1").set_index("estimator")
    assert shown["role"].to_dict() == dict.fromkeys(estimators[1:], "robustness") | {estimators[0]: "headline"}
    assert shown["estimate"].between(-2500, 500).all()
    assert shown["n_treated"].eq(591).all()


def test_the_evaluation_as_declared_reports_the_same_effects(waves):
    protocol = evaluations.load("hospitalisation_and_earnings")
    found = staggered_adoption.estimates(WavePanel(waves), protocol, read_settings().inference).to_pandas()
    earnings = found.query("role == 'headline' and outcome == 'earnings'")
    np.testing.assert_allclose(earnings["estimate"], ours(waves, "riearnsemp").att[0], rtol=RELATIVE)
    np.testing.assert_allclose(earnings["std_error"], ours(waves, "riearnsemp").std_error[0], rtol=RELATIVE)
    assert earnings["period"].tolist() == ["wave -2", "wave -1", "wave +1", "wave +2", "wave +3"]
    assert set(found["design"]) == {"linked_panel"}
    by_sex = found.query("role == 'subgroup' and outcome == 'earnings' and months_from == 1")
    assert by_sex["subgroup_value"].tolist() == ["0", "1"]
    assert by_sex["n_treated"].sum() == 591
