"""Real people's records, the Health and Retirement Study file, through the whole path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from assets.automation import run_config
from assets.definitions import defs
from assets.deliver import deliver
from assets.runs import publish, run

RELATIVE = 1e-7
"""Two exact solvers of one regression differ by rounding only."""

OUTCOMES = {"earnings": "riearnsemp", "out_of_pocket": "oop_spend"}


@pytest.fixture(scope="module")
def hrs(reference_data: Path) -> pd.DataFrame:
    return pd.read_csv(reference_data / "hrs_hospitalisation.csv.gz")


@pytest.fixture(scope="module")
def store_and_release(reference_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("hrs")
    file = reference_data / "hrs_hospitalisation.csv.gz"
    deliver(file, root / "in", source="panels/hrs_hospitalisation", delivery="hrs", cut_off="2013-12-31")
    run(root / "in", store=root / "store", chosen=(), debug=False)
    return root / "store", publish(root / "in", store=root / "store", out=root / "out", profile="demo", debug=False)


def _stored(store: Path, table: str) -> pd.DataFrame:
    (folder,) = (store / "hospitalisation_and_earnings" / table.split("/", maxsplit=1)[0]).iterdir()
    return pq.read_table(folder / table.split("/")[1]).to_pandas()


@pytest.mark.filterwarnings("ignore:.*singleton fixed effect:UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:pyfixest.*")
@pytest.mark.filterwarnings("ignore::FutureWarning:pyfixest.*")
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_effects_and_errors_are_those_of_pyfixest_on_the_owners_file(
    outcome: str, store_and_release: tuple[Path, Path], hrs: pd.DataFrame
):
    import pyfixest

    studied = hrs[hrs["wave"] <= 10].copy()
    treated = studied["wave_hosp"] <= 10
    event_time = (studied["wave"] - studied["wave_hosp"] + 1).where(treated, 0)
    columns = []
    for time in (-2, -1, 1, 2, 3):
        name = f"at_{time}".replace("-", "minus_")
        studied[name] = (event_time == time).astype(float)
        columns.append(name)
    fit = pyfixest.feols(
        f"{OUTCOMES[outcome]} ~ {' + '.join(columns)} | hhidpn + wave", studied, vcov={"CRV1": "hhidpn"}
    )
    estimates = _stored(store_and_release[0], "estimates/estimates")
    headline = estimates[(estimates["role"] == "headline") & (estimates["outcome"] == outcome)]
    headline = headline.sort_values("months_from")
    np.testing.assert_allclose(headline["estimate"], fit.coef()[columns], rtol=RELATIVE)
    np.testing.assert_allclose(headline["std_error"], fit.se()[columns], rtol=RELATIVE)


def test_its_counts_agree_with_the_file(store_and_release: tuple[Path, Path], hrs: pd.DataFrame):
    people = hrs.drop_duplicates("hhidpn")
    cohort = _stored(store_and_release[0], "cohort/cohort")
    assert (cohort["arm"] == "treated").sum() == (people["wave_hosp"] <= 10).sum()
    assert (cohort["arm"] == "comparison").sum() == (people["wave_hosp"] == 11).sum()
    assert len(cohort) == people.shape[0] == 656
    estimates = _stored(store_and_release[0], "estimates/estimates")
    first = estimates[(estimates["role"] == "headline") & (estimates["months_from"] == 1)]
    assert set(first["n_treated"]) == {(people["wave_hosp"] <= 10).sum()}


def test_its_report_speaks_of_waves_and_dollars(store_and_release: tuple[Path, Path]):
    page = (store_and_release[1] / "hospitalisation_and_earnings" / "index.html").read_text()
    assert "In wave 3 after a first hospital stay, income from employment in the year was" in page
    assert "US dollars a year" in page
    assert "months 55 to 60" not in page


def test_a_job_works_on_the_delivery_and_in_the_store_that_its_run_was_given(reference_data: Path, tmp_path: Path):
    file = reference_data / "hrs_hospitalisation.csv.gz"
    deliver(file, tmp_path / "in", source="panels/hrs_hospitalisation", delivery="hrs", cut_off="2013-12-31")
    job = defs.resolve_job_def("hospitalisation_and_earnings_job")
    assert job.execute_in_process(run_config=run_config(tmp_path / "in", str(tmp_path / "store"))).success
    assert list((tmp_path / "store" / "hospitalisation_and_earnings" / "release").iterdir())
