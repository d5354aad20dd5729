"""People who join waiting lists: checks of their own, cohort and panel of people treated in different months."""

import pyarrow as pa

from assets.stages.designs.staggered_adoption import cohort, cohort_inputs, compared, panel, panel_inputs
from assets.stages.designs.threshold import decomposition, support
from pipeline.engine.settings import Settings
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol

__all__ = ["checks", "cohort", "cohort_inputs", "compared", "decomposition", "panel", "panel_inputs", "support"]


def checks(panel: Panel, estimates: pa.Table, protocol: Protocol, settings: Settings) -> pa.Table:
    """Of the queue as an instrument; and how much of the estimates false links may hide."""
    from pipeline.inference.designs import waiting
    from pipeline.inference.diagnostics import false_links

    hidden = false_links.check(
        estimates, precision=settings.linkage.precision, threshold=settings.inference.hidden_by_false_links
    )
    return pa.concat_tables([waiting.checks(panel, protocol, settings.inference), hidden])
