"""An attacker, and a door with tables of which a test draws the ones that it is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from scipy import optimize

from evaluations import load as load_evaluation
from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure import Release, cells_of_release, disclose
from pipeline.release.publication import Facts
from pipeline.vocabulary.schemas.people import ATTRITION, LINKAGE_QUALITY
from pipeline.vocabulary.schemas.results import BALANCE, DIAGNOSTICS, ESTIMATES

ONS = DisclosureProfile(threshold=10, suppress_zero=False, round_to=5, minimum_residual_df=10, protection=4)
NHS = DisclosureProfile(threshold=8, suppress_zero=False, round_to=5, minimum_residual_df=10, protection=4)
EVALUATION = "bariatric_surgery"
FACTS = Facts(
    delivery="2026-11", delivery_digest="5e" * 32, commit="0f" * 20, lock_digest="a1" * 32, settings_digest="c7" * 32,
    seed=20241205, versions={"causeway": "0.1.0"}, profile="demo", organisation="Causeway demonstration",
    contact="The team", revisions_policy="Never changed.", next_release="Not announced",
)  # fmt: skip
"""What a publication of drawn tables says about itself."""


class Attacker:
    """Somebody who has every published number, knows the rules, and solves for what is hidden."""

    @staticmethod
    def range_of(
        bounds: Sequence[tuple[float, float]], equations: Sequence[dict[int, int]], target: int
    ) -> tuple[int, int]:
        """The smallest and the largest whole number that an unknown can be.

        Parameters
        ----------
        bounds
            What each unknown is between by itself.
        equations
            Sums of unknowns that are nought, as position to sign.
        """
        rows = np.array([[equation.get(n, 0) for n in range(len(bounds))] for equation in equations])
        ends = []
        for sign in (1, -1):
            found = optimize.milp(
                sign * np.eye(len(bounds))[target],
                integrality=np.ones(len(bounds)),
                bounds=optimize.Bounds(*np.array(bounds, dtype=float).T),
                constraints=optimize.LinearConstraint(rows, lb=0, ub=0),
            )
            assert found.success
            ends.append(round(sign * found.fun))
        return ends[0], ends[1]

    @staticmethod
    def of_count(shown: int | None, rules: DisclosureProfile, *, small: bool = True) -> tuple[float, float]:
        """What a published count is between: a rounded one, or a hidden one that is too small (or anything)."""
        if shown is None:
            return (1, rules.threshold - 1) if small else (0, 10_000)
        half = rules.round_to // 2
        return (0, 0) if shown == 0 else (max(shown - half, rules.threshold), shown + half)


class Door:
    """The door, with tables of which a test draws the ones that it is about."""

    def __init__(self) -> None:
        declared = load_evaluation(EVALUATION)
        evaluation = declared.evaluation.model_dump(mode="json")
        self.protocol = {"evaluation": evaluation, "digest": declared.digest, "codelists": {}}

    def opens_for(self, *, rules: DisclosureProfile = ONS, earlier=None, **tables: pa.Table) -> Release:
        """The release of some tables, held against earlier ones."""
        return disclose(
            evaluation=EVALUATION,
            protocol=self.protocol,
            profile_name="ons_10_5",
            profile=rules,
            earlier=earlier,
            **self.complete(tables),
        )

    def ledger_of(self, release: Release, **tables: pa.Table):
        """What the ledger holds of a release."""
        return cells_of_release(release, self.complete(tables)).assign(release="2026-11-v1")

    def complete(self, tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
        empty = {
            "estimates": ESTIMATES, "attrition": ATTRITION, "linkage_quality": LINKAGE_QUALITY, "balance": BALANCE,
            "diagnostics": DIAGNOSTICS,
        }  # fmt: skip
        return {name: schema.arrow.empty_table() for name, schema in empty.items()} | tables

    def estimates(self, *rows: dict[str, object]) -> pa.Table:
        """Estimates of pay in months 55 to 60, for everybody unless a row says otherwise."""
        figures = dict.fromkeys(("estimate", "std_error", "ci_lower", "ci_upper", "band_lower", "band_upper"), 1.0)
        usual = figures | {
            "evaluation": EVALUATION, "design": "staggered_adoption", "estimator": "ons_fixed_effects",
            "role": "headline", "outcome": "pay", "unit": "pounds a month", "price_base": "2023", "subgroup": "all",
            "subgroup_value": "", "period": "months 55 to 60", "months_from": 55, "months_to": 60, "n_treated": 500,
            "n_comparison": 1000, "obs_status": "", "evidence": "not assessed", "residual_df": 5000,
            "covariance": [1.0],
        }  # fmt: skip
        return _table(ESTIMATES, [usual | row for row in rows])

    def flow(self, *steps: tuple[int, int]) -> pa.Table:
        """A flow diagram of the treated: how many each step excluded and how many remained."""
        rows = [
            {"arm": "treated", "step": n, "reason": "everybody" if n == 0 else "excluded", "excluded": gone,
             "remaining": left}
            for n, (gone, left) in enumerate(steps)
        ]  # fmt: skip
        return _table(ATTRITION, rows)

    def balance(self, **levels: tuple[int, int]) -> pa.Table:
        """People treated and compared at each level of one characteristic."""
        rows = [
            {"characteristic": "group", "level": level, "n_treated": treated, "n_comparison": compared,
             "share_treated": 0.5, "share_comparison": 0.5, "smd": 0.0}
            for level, (treated, compared) in levels.items()
        ]  # fmt: skip
        return _table(BALANCE, rows)

    def linkage(self, *rows: tuple[str, str, int, int]) -> pa.Table:
        """People and linked people of a link, by characteristic and level."""
        names = ("characteristic", "level", "n_people", "n_linked")
        made = [{"link": "census to paye_rti", **dict(zip(names, row, strict=True))} for row in rows]
        return _table(LINKAGE_QUALITY, made)


def _table(schema, rows):
    return schema.conform(pa.Table.from_pylist(rows, schema=pa.schema([(c.name, c.type) for c in schema.columns])))
