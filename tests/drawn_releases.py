"""Releases of realistic size, drawn and then passed through the disclosure door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from evaluations import load
from pipeline.engine.settings import read_settings
from pipeline.release.disclosure import disclose
from pipeline.release.disclosure.release import Release
from pipeline.vocabulary.designs import StaggeredAdoption
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import ATTRITION, LINKAGE_QUALITY
from pipeline.vocabulary.schemas.results import BALANCE, DECOMPOSITION, DIAGNOSTICS, ESTIMATES, SUPPORT
from pipeline.vocabulary.schemas.rtt import AREA_WAITS
from pipeline.vocabulary.windows import Bin

LEVELS = {
    "sex": ("female", "male"),
    "age_band": ("25-34", "35-44", "45-54", "55-64"),
    "region": (
        "East Midlands",
        "East of England",
        "London",
        "North East",
        "North West",
        "South East",
        "South West",
        "West Midlands",
        "Yorkshire and The Humber",
    ),
    "ethnic_group": ("Asian", "Black", "Mixed", "Other", "White"),
    "imd_quintile": ("1", "2", "3", "4", "5"),
    "male": ("0", "1"),
    "employment_adviser": ("not known", "not seen", "seen"),
    "result_after_treatment": ("improved, not recovered", "neither", "recovered"),
}
STEPS = (
    "people with an operation in the list since April 2009",
    "not linked to a person of the census",
    "first operation before April 2014",
    "obesity diagnosis not in that episode",
    "not linked to pay",
    "not aged 25 to 64 on the day of the operation",
    "died in the index month or before",
    "not resident in England",
)

# What an outcome gains in the end, what it loses at first, and the error of everybody's effect, in its unit.
SIZES = {
    "pay": (84.0, -120.0, 11.0),
    "pay_in_work": (17.0, -117.0, 12.0),
    "employed": (4.3, -0.8, 0.3),
    "benefits": (-1.1, 0.2, 0.2),
    "benefit_amount": (-6.0, 1.0, 1.5),
    "earnings": (-4000.0, -900.0, 2900.0),
    "out_of_pocket": (2500.0, 500.0, 540.0),
}


def _path(middle: float, outcome: str) -> float:
    """A dip in the first months and a gain after it, in the outcome's unit."""
    size, dip, _ = SIZES[outcome]
    return 0.0 if middle <= 0 else size * (1 - np.exp(-middle / 18)) + dip * np.exp(-middle / 1.5)


def _estimate(
    protocol: Protocol, outcome: Any, bin_: Bin, group: tuple[str, str, str, int], *, estimator: str = ""
) -> dict[str, Any]:
    role, subgroup, level, n_treated = group
    _, _, unit_error = SIZES[outcome.name]
    error = unit_error * np.sqrt(40_000 / n_treated if n_treated > 600 else 1.0)
    middle = (bin_.first + bin_.last) / 2
    design = protocol.evaluation.design
    wave = np.sin(7 * bin_.number + len(level) + len(outcome.name) + len(estimator))
    estimate = _path(middle, outcome.name) * ("placebo" not in estimator) + 0.7 * error * wave
    return {
        "evaluation": protocol.name,
        "design": design.kind,
        "estimator": estimator or design.headline,
        "role": role,
        "outcome": outcome.name,
        "unit": outcome.unit,
        "price_base": "2023" if outcome.prices else "",
        "subgroup": subgroup,
        "subgroup_value": level,
        "period": f"{bin_.first} to {bin_.last}",
        "months_from": bin_.first,
        "months_to": bin_.last,
        "estimate": estimate,
        "std_error": error,
        "ci_lower": estimate - 1.96 * error,
        "ci_upper": estimate + 1.96 * error,
        "band_lower": estimate - 2.9 * error,
        "band_upper": estimate + 2.9 * error,
        "n_treated": n_treated,
        "n_comparison": 50_000 if n_treated > 600 else 151,
        "obs_status": "",
        "evidence": "not assessed",
        "residual_df": 10_000,
        "covariance": None,
    }


def _estimates(protocol: Protocol, small: tuple[str, ...]) -> pa.Table:
    """Every outcome and bin for everybody and each level; those named in ``small`` have too few people."""
    evaluation = protocol.evaluation
    staggered = isinstance(evaluation.design, StaggeredAdoption)
    groups = [("headline", "all", "", 40_680 if staggered else 500)]
    for subgroup in evaluation.subgroups:
        for level in LEVELS[subgroup]:
            n = 6 if level in small else (40_680 if staggered else 500) // len(LEVELS[subgroup])
            groups += [("subgroup", subgroup, level, n), ("robustness", subgroup, level, n)]
    bins = [bin_ for bin_ in evaluation.design.window.binned if not bin_.reference]
    rows = [_estimate(protocol, o, bin_, group) for o in evaluation.outcomes for group in groups for bin_ in bins]
    rows += _besides(protocol, ("robustness", *groups[0][1:]))
    return ESTIMATES.conform(pa.Table.from_pylist(rows, schema=ESTIMATES.arrow))


def _besides(protocol: Protocol, everybody: tuple[str, str, str, int]) -> list[dict[str, Any]]:
    """The other estimators and the declared runs, for everybody, each with its own bins."""
    design, outcomes = protocol.evaluation.design, protocol.evaluation.outcomes
    windows = {name: design.window for name in design.estimators if name != design.headline}
    for run in design.robustness:
        window = run.window(design.window, anticipation=design.anticipation)
        windows[f"{design.headline}:{run.name(design.period_unit)}"] = window
    return [
        _estimate(protocol, outcome, bin_, everybody, estimator=estimator)
        for estimator, window in windows.items()
        for outcome in outcomes
        for bin_ in window.binned
        if not bin_.reference
    ]


def _attrition(treated: int, comparison: int) -> pa.Table:
    rows = []
    for arm, remaining in (("treated", treated), ("comparison", comparison)):
        left = remaining
        for step, reason in enumerate(STEPS):
            excluded = 0 if step == 0 else 4 if step == 6 else left // 23
            left -= excluded
            rows.append({"arm": arm, "step": step, "reason": reason, "excluded": excluded, "remaining": left})
    return ATTRITION.conform(pa.Table.from_pylist(rows))


def _balance(protocol: Protocol) -> pa.Table:
    rows = []
    for name in protocol.evaluation.subgroups:
        for position, level in enumerate(LEVELS[name]):
            share = 1 / len(LEVELS[name])
            rows.append(
                {
                    "characteristic": name,
                    "level": level,
                    "n_treated": 40_680 // len(LEVELS[name]),
                    "n_comparison": int(49_921 * share) + 13 * position,
                    "share_treated": share,
                    "share_comparison": share * (1 + 0.002 * position),
                    "smd": 0.03 * (-1) ** position,
                }
            )
    return BALANCE.conform(pa.Table.from_pylist(rows))


def _linkage() -> pa.Table:
    rows = [("all", "all", 60_000_000, 58_020_000)]
    rows += [
        (name, level, 1_000_000, 967_000 - 311 * len(level)) for name in ("sex", "region") for level in LEVELS[name]
    ]
    names = ("characteristic", "level", "n_people", "n_linked")
    linked = [dict(zip(names, row, strict=True)) for row in rows]
    return LINKAGE_QUALITY.conform(pa.Table.from_pylist([row | {"link": "census to paye_rti"} for row in linked]))


def _diagnostics(protocol: Protocol) -> pa.Table:
    rows = [
        {
            "evaluation": protocol.name,
            "check": "pre_trend",
            "estimator": protocol.evaluation.design.headline,
            "outcome": outcome.name,
            "status": ("pass", "fail", "not evaluated")[min(position, 2)],
            "figure": (0.3412, 0.0031, None)[min(position, 2)],
            "threshold": 0.05,
            "sentence": "A joint test of the effects before the reference does not reject that all are zero.",
        }
        for position, outcome in enumerate(protocol.evaluation.outcomes)
    ]
    return DIAGNOSTICS.conform(pa.Table.from_pylist(rows))


def _with_sun_abraham(estimates: pa.Table) -> pa.Table:
    """The estimates, with those of Sun and Abraham for everybody where they are not there yet."""
    rows = estimates.to_pylist()
    if any(row["estimator"] == "sun_abraham" for row in rows):
        return estimates
    own = [row for row in rows if row["estimator"] == "ons_fixed_effects" and row["subgroup"] == "all"]
    others = [row | {"estimator": "sun_abraham", "role": "robustness"} for row in own]
    return ESTIMATES.conform(pa.Table.from_pylist([*rows, *others], schema=ESTIMATES.arrow))


def _decomposition(protocol: Protocol) -> pa.Table:
    """A gap that opens with event time, its parts of both signs, four years of which one is small."""
    rows = []
    for outcome in protocol.evaluation.outcomes:
        for bin_ in protocol.evaluation.design.window.binned:
            if bin_.reference:
                continue
            middle = (bin_.first + bin_.last) / 2
            size = _path(60.0, outcome.name) / 300
            parts = {
                "timing_group_weights": size * np.sin(middle / 9),
                "other_months_after": size * middle / 20,
                "months_before": -size * middle / 50,
            }
            effect = _path(middle, outcome.name)
            bridge = {"sun_abraham": effect, **parts, "fixed_effects": effect + sum(parts.values())}
            rows += [_part(protocol, outcome, bin_, part=name, estimate=value) for name, value in bridge.items()]
            for year, people in (("2014", 6), ("2015", 120), ("2016", 150), ("2017", 400)):
                pull = sum(parts.values()) * people / 676
                years = {"treated_in": year, "n_treated": people, "n_in_bin": people}
                rows.append(_part(protocol, outcome, bin_, part="timing_group", estimate=pull) | years)
        whole = Bin(number=1, first=1, last=protocol.evaluation.design.window.after, reference=False)
        kinds = ("treated_versus_never_treated", "earlier_versus_later_treated", "later_versus_earlier_treated")
        static = [_part(protocol, outcome, whole, part=name, estimate=1.0) for name in ("static", *kinds)]
        rest = _part(protocol, outcome, whole, part="not_by_pairs", estimate=0.3)
        rows += [*static, rest | {"positive_weight": None, "negative_weight": None}]
    return DECOMPOSITION.conform(pa.Table.from_pylist(rows, schema=DECOMPOSITION.arrow))


def _support(protocol: Protocol) -> pa.Table:
    """People of four years, the first of which has no reference and the last of which is not seen late."""
    rows = []
    for bin_ in protocol.evaluation.design.window.binned:
        if bin_.reference:
            continue
        late = protocol.evaluation.design.window.after - 12
        years = {
            "2015": (120, 0),
            "2016": (150, 150),
            "2017": (400, 400),
            "2018": (0, 0) if bin_.first > late else (200, 200),
        }
        whole = tuple(sum(one) for one in zip(*years.values(), strict=True))
        for year, (seen, referenced) in {"": whole, **years}.items():
            rows.append(
                {
                    "evaluation": protocol.name,
                    "months_from": bin_.first,
                    "months_to": bin_.last,
                    "treated_in": year,
                    "n_treated": seen,
                    "n_with_reference": referenced,
                }
            )
    return SUPPORT.conform(pa.Table.from_pylist(rows))


def _part(protocol: Protocol, outcome: Any, bin_: Bin, *, part: str, estimate: float) -> dict[str, Any]:
    return {
        "evaluation": protocol.name,
        "outcome": outcome.name,
        "unit": outcome.unit,
        "price_base": "2023" if outcome.prices else "",
        "months_from": bin_.first,
        "months_to": bin_.last,
        "part": part,
        "treated_in": "",
        "estimate": estimate,
        "positive_weight": 1.04,
        "negative_weight": -0.04,
        "n_treated": 676,
        "n_comparison": 900,
        "obs_status": "",
        "n_in_bin": 676,
    }


def drawn_release(
    name: str, *, small: tuple[str, ...] = (), narrowed: Mapping[str, Any] | None = None, **declared: Any
) -> Release:
    """A release of one evaluation; ``small`` levels have too few people, ``declared`` fields are declared otherwise.

    ``narrowed`` fields are of the evaluation itself, so that nothing else of it is estimated either.
    """
    loaded = load(name)
    protocol = replace(loaded, evaluation=loaded.evaluation.model_copy(update=dict(narrowed or {})))
    linked = not isinstance(protocol.evaluation.design, StaggeredAdoption)
    profile = protocol.evaluation.disclosure_profile
    lists = {
        codes.name: {"source": codes.source, "version": codes.version, "codes": list(codes.codes)}
        for codes in protocol.codelists.values()
    }
    return disclose(
        evaluation=name,
        protocol={
            "evaluation": protocol.evaluation.model_dump(mode="json") | declared,
            "digest": protocol.digest,
            "codelists": lists,
        },
        profile_name=profile,
        profile=read_settings().disclosure[profile],
        estimates=_with_sun_abraham(_estimates(protocol, small)),
        attrition=_attrition(656 if linked else 55_190, 656 if linked else 61_003_311),
        linkage_quality=_linkage().slice(0, 0) if linked else _linkage(),
        balance=_balance(protocol),
        diagnostics=_diagnostics(protocol),
        decomposition=_decomposition(protocol),
        support=_support(protocol),
        waits=_waits(),
    )


def _waits() -> pa.Table:
    """Published waits of England and 42 boards in 24 months; one board's percentile lies in the open band."""
    areas = [("E92000001", "England"), *((f"Q{n:02d}", f"NHS BOARD {n:02d} INTEGRATED CARE BOARD") for n in range(42))]
    rows = [
        {
            "month": parse_month("2022-12") - 23 + month, "area": area, "area_name": name, "specialty": specialty,
            "specialty_name": service, "n_waits": 10_000 + 7 * place, "n_within_18_weeks": 6_000,
            "n_in_open_band": 3, "median_weeks": 10 + 0.1 * month + 0.05 * place,
            "percentile_92_weeks": None if place == 5 else 40.0 + month, "within_18_weeks": 0.7 - 0.005 * month,
        }
        for specialty, service in (("C_100", "General Surgery Service"), ("C_502", "Gynaecology Service"))
        for place, (area, name) in enumerate(areas)
        for month in range(24)
    ]  # fmt: skip
    return AREA_WAITS.conform(pa.Table.from_pylist(rows, schema=AREA_WAITS.arrow))
