"""Great Expectations, kept to itself: frames and rules go in, positions of failing rows come out.

The context is ephemeral, analytics and progress bars are off. Its result objects hold values of records; nothing but
positions leaves this module, and an expectation that could not be evaluated refuses the source: unknown never passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.records.validation.library import great_expectations
from pipeline.records.validation.rules import Rule
from pipeline.vocabulary.errors import Fault, ValidationRefused

if TYPE_CHECKING:
    import pandas as pd

Judge = Callable[["pd.DataFrame"], Mapping[str, NDArray[np.int64]]]
"""From a frame with the rules' measures to, for each rule's name, the positions of the rows that fail it."""

_POSITIONS = {"result_format": "COMPLETE", "exclude_unexpected_values": True, "return_unexpected_index_query": False}


def judge(source: str, rules: Sequence[Rule]) -> Judge:
    """A function that holds a frame against rules.

    It raises :class:`ValidationRefused`, naming source, rule and columns, if an expectation cannot be evaluated.
    """
    gx = great_expectations()
    suite = gx.ExpectationSuite(name=source, expectations=[rule.expect() for rule in rules])
    batches = _batches(gx)

    def positions(frame: pd.DataFrame) -> Mapping[str, NDArray[np.int64]]:
        try:
            results = batches.get_batch({"dataframe": frame}).validate(suite, result_format=_POSITIONS).results
        except Exception:  # noqa: BLE001 - whatever it is, its message may quote a record
            raise _unjudged(source, rules) from None
        return {rule.name: _failing(source, rule, results) for rule in rules}

    return positions


def _batches(gx: Any) -> Any:  # noqa: ANN401 - the library ships no types that mypy may follow
    """What makes a batch of a data frame, in a context that is nowhere but in memory."""
    from great_expectations.data_context.types import base

    config = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(),
        analytics_enabled=False,
        progress_bars=base.ProgressBarsConfig(globally=False, metric_calculations=False),
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    frames = context.data_sources.add_pandas("frames").add_dataframe_asset("rows")
    return frames.add_batch_definition_whole_dataframe("batch")


def _failing(source: str, rule: Rule, results: Sequence[Any]) -> NDArray[np.int64]:
    (result,) = (r for r in results if r.expectation_config.meta["rule"] == rule.name)
    positions = result.result.get("unexpected_index_list")
    if result.success:
        return np.empty(0, dtype=np.int64)
    if result.exception_info.get("raised_exception") or not positions:
        raise _unjudged(source, [rule])
    return np.asarray(positions, dtype=np.int64)


def _unjudged(source: str, rules: Sequence[Rule]) -> ValidationRefused:
    return ValidationRefused(
        Fault(
            what="rules could not be evaluated: " + ", ".join(rule.name for rule in rules),
            source=source,
            column=", ".join(dict.fromkeys(column for rule in rules for column in rule.columns)),
            remedy="Nothing is known about these columns, so the source is not used; report this to the maintainers.",
        )
    )
