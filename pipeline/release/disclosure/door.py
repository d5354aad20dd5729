"""The door: the tables of an evaluation go in, a release comes out, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.attrition import disclose_attrition
from pipeline.release.disclosure.cells import no_cells
from pipeline.release.disclosure.decomposition import disclose_decomposition
from pipeline.release.disclosure.estimates import disclose_estimates
from pipeline.release.disclosure.inputs import PUBLISHED, RULED, checked, refuse_not_numbers, refuse_unruled
from pipeline.release.disclosure.levels import disclose_balance, disclose_linkage_quality
from pipeline.release.disclosure.release import Applied, Release, admit
from pipeline.release.disclosure.rules import frame_of, log_table
from pipeline.release.disclosure.support import disclose_support
from pipeline.release.disclosure.waits import disclose_waits
from pipeline.release.disclosure.withholding import withhold
from pipeline.release.disclosure.words import disclose_diagnostics, disclose_reasons
from pipeline.vocabulary.errors import DisclosureError, Fault
from pipeline.vocabulary.schemas.results import CONTRIBUTIONS, DECOMPOSITION, SUPPORT
from pipeline.vocabulary.schemas.rtt import AREA_WAITS


@dataclass(frozen=True, kw_only=True)
class Held:
    """What an evaluation's tables are held against: its protocol, the largest contributors, earlier releases."""

    protocol: dict[str, Any]
    contributions: pd.DataFrame
    earlier: pd.DataFrame


def disclose(  # noqa: PLR0913 (one argument a table: a dict of tables could lack one)
    *,
    evaluation: str,
    protocol: dict[str, Any],
    profile_name: str,
    profile: DisclosureProfile,
    estimates: pa.Table,
    attrition: pa.Table,
    linkage_quality: pa.Table,
    balance: pa.Table,
    diagnostics: pa.Table,
    decomposition: pa.Table | None = None,
    support: pa.Table | None = None,
    waits: pa.Table | None = None,
    contributions: pa.Table | None = None,
    earlier: pd.DataFrame | None = None,
) -> Release:
    """The release of one evaluation: its tables after every rule of :mod:`pipeline.release.disclosure.rules`.

    Parameters
    ----------
    protocol
        ``evaluation`` (``Evaluation.model_dump(mode="json")``), ``digest``, ``codelists``.
    profile_name, profile
        The profile that the evaluation declares, and its rules from ``configs/disclosure.toml``.
    estimates, attrition, linkage_quality, balance, diagnostics
        Tables with the schemas ``ESTIMATES``, ``ATTRITION``, ``LINKAGE_QUALITY``, ``BALANCE``, ``DIAGNOSTICS``.
    decomposition
        With the schema ``DECOMPOSITION``; an evaluation whose estimators are not compared has none.
    support
        With the schema ``SUPPORT``.
    waits
        Published waiting times, with the schema ``AREA_WAITS``; a delivery without the published file has none.
    contributions
        With the schema ``CONTRIBUTIONS``: the largest in each amount; an evaluation without amounts has none.
    earlier
        The ``LEDGER`` of the evaluation (:func:`pipeline.release.disclosure.ledger.read`); none before it is published.

    Raises
    ------
    DisclosureError
        If a table is not as declared, a column or a number has no rule, or the profile is not the one registered; or
        if what is withheld could be had from earlier releases.
    """
    _refuse_other_profile(protocol, profile_name)
    for name, schema in PUBLISHED.items():
        refuse_unruled(name, schema, ruled=RULED[name])
    delivered = {
        "estimates": estimates,
        "attrition": attrition,
        "linkage_quality": linkage_quality,
        "balance": balance,
        "diagnostics": diagnostics,
        "decomposition": DECOMPOSITION.arrow.empty_table() if decomposition is None else decomposition,
        "support": SUPPORT.arrow.empty_table() if support is None else support,
        "waits": AREA_WAITS.arrow.empty_table() if waits is None else waits,
    }
    safe = {name: checked(name, table) for name, table in delivered.items()}
    _refuse_other_evaluation(evaluation, safe)
    held = Held(
        protocol=protocol,
        contributions=frame_of(CONTRIBUTIONS.arrow.empty_table() if contributions is None else contributions),
        earlier=no_cells() if earlier is None else earlier,
    )
    tables = _disclosed(safe, evaluation=evaluation, held=held, rules=profile)
    return admit(
        tables=tables, evaluation=evaluation, protocol=protocol, applied=Applied(name=profile_name, rules=profile)
    )


def _disclosed(
    safe: Mapping[str, pa.Table],
    *,
    evaluation: str,
    held: Held,
    rules: DisclosureProfile,
) -> dict[str, pa.Table]:
    """Every published table and the log, each after the rules of its family."""
    refuse_not_numbers("estimates", safe["estimates"])
    refuse_not_numbers("diagnostics", safe["diagnostics"])
    refuse_not_numbers("decomposition", safe["decomposition"])
    refuse_not_numbers("waits", safe["waits"])
    protocol, earlier = held.protocol, held.earlier
    estimated = disclose_estimates(
        safe["estimates"], protocol=protocol, rules=rules, earlier=earlier, contributions=held.contributions
    )
    own = {
        "estimates": estimated,
        "attrition": disclose_attrition(safe["attrition"], evaluation=evaluation, rules=rules),
        "linkage_quality": disclose_linkage_quality(safe["linkage_quality"], rules=rules),
        "balance": disclose_balance(safe["balance"], evaluation=evaluation, rules=rules),
    }
    audited = withhold(safe, own, evaluation=evaluation, earlier=earlier, rules=rules)
    estimates = audited["estimates"].table
    attrition = disclose_reasons(audited["attrition"].table, protocol=protocol, rules=rules)
    diagnostics = disclose_diagnostics(safe["diagnostics"], estimates=estimates, protocol=protocol, rules=rules)
    decomposition = disclose_decomposition(safe["decomposition"], estimates=estimates, protocol=protocol, rules=rules)
    support = disclose_support(safe["support"], rules=rules)
    waits = disclose_waits(safe["waits"], protocol=held.protocol)
    parts = (*audited.values(), attrition, diagnostics, decomposition, support, waits)
    return {
        "estimates": estimates,
        "attrition": attrition.table,
        "linkage_quality": audited["linkage_quality"].table,
        "balance": audited["balance"].table,
        "diagnostics": diagnostics.table,
        "decomposition": decomposition.table,
        "support": support.table,
        "waits": waits.table,
        "log": log_table(tuple(entry for part in parts for entry in part.entries)),
    }


def _refuse_other_profile(protocol: Mapping[str, Any], profile_name: str) -> None:
    if protocol["evaluation"].get("disclosure_profile", profile_name) != profile_name:
        raise DisclosureError(
            Fault(
                what=f"the profile {profile_name} is not the one that the evaluation registered",
                column="disclosure_profile",
                remedy="Use the registered profile, or register the evaluation anew.",
            )
        )


def _refuse_other_evaluation(evaluation: str, safe: Mapping[str, pa.Table]) -> None:
    faults = []
    for name in ("estimates", "diagnostics", "decomposition", "support"):
        others = sum(value != evaluation for value in safe[name]["evaluation"].to_pylist())
        if others:
            remedy = "Disclose each evaluation with its own tables."
            faults.append(
                Fault(what="row of another evaluation", source=name, column="evaluation", count=others, remedy=remedy)
            )
    if faults:
        raise DisclosureError(faults)
