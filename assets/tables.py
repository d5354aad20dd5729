"""What the command line shows as tables."""

from rich.table import Table

import evaluations


def evaluations_table() -> Table:
    """Each evaluation with its design, outcomes, sources and protocol digest."""
    table = Table(title="Evaluations")
    for column in ("name", "design", "outcomes", "estimators", "sources", "protocol"):
        table.add_column(column, overflow="fold")
    for name in evaluations.names():
        protocol = evaluations.load(name)
        declared = protocol.evaluation
        outcomes = ", ".join(outcome.name for outcome in declared.outcomes)
        table.add_row(
            name,
            declared.design.kind,
            outcomes,
            ", ".join(declared.design.estimators),
            ", ".join(declared.sources),
            protocol.digest[:12],
        )
    return table


def knobs_table() -> Table:
    """Each knob of a synthetic delivery with its default and what it does."""
    from pipeline.synthetic import Knobs

    table = Table(title="Knobs of a synthetic delivery")
    for column in ("knob", "default", "does"):
        table.add_column(column, overflow="fold")
    for name, knob in Knobs.model_fields.items():
        table.add_row(name, str(knob.default), " ".join((knob.description or "").split()))
    return table
