"""What the command line shows as tables."""

from rich.box import SIMPLE
from rich.table import Table

import evaluations


def evaluations_table() -> Table:
    """Each evaluation with its design, outcomes, headline estimator and protocol digest."""
    table = Table(title="Evaluations", box=SIMPLE)
    table.add_column("evaluation", no_wrap=True)
    for column in ("design", "outcomes", "headline", "protocol"):
        table.add_column(column)
    for name in evaluations.names():
        protocol = evaluations.load(name)
        declared = protocol.evaluation
        outcomes = "\n".join(outcome.name for outcome in declared.outcomes)
        design = declared.design.kind.replace("_", " ")
        table.add_row(name, design, outcomes, declared.design.headline.replace("_", " "), protocol.digest[:8])
    return table


def knobs_table() -> Table:
    """Each knob of a synthetic delivery with its default and what it does."""
    from pipeline.synthetic import Knobs

    table = Table(title="Knobs of a synthetic delivery", box=SIMPLE)
    table.add_column("knob", no_wrap=True)
    table.add_column("default")
    table.add_column("does")
    for name, knob in Knobs.model_fields.items():
        table.add_row(name, str(knob.default), " ".join((knob.description or "").split()))
    return table
