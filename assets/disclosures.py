"""What the disclosure rules did to a release, for whoever answers for it."""

from pathlib import Path

from rich.box import SIMPLE
from rich.table import Table

from pipeline.engine.store import Result, Store
from pipeline.vocabulary.errors import Fault, RequestError


def disclosures(name: str, *, store: Path, delivery: str) -> tuple[Table, Path]:
    """Each rule that looked at the release, and the folder that an output checker opens.

    Raises
    ------
    RequestError
        If the store has no release of this evaluation for the delivery.
    """
    from pipeline.release.disclosure import load
    from pipeline.release.disclosure.rules import RULES

    result = _recorded(name, store=store, delivery=delivery)
    release = load(result.path)
    protects = {rule.name: rule.protects for rule in RULES}
    title = f"{name}, delivery {delivery}, profile {release.profile}: what each rule did"
    table = Table(title=title, box=SIMPLE)
    for column in ("table", "rule", "cells", "affected", "what was done", "protects"):
        table.add_column(column, justify="right" if column in ("cells", "affected") else "left")
    for line in release.log.to_pylist():
        counts = (f"{line['cells']:,}", f"{line['affected']:,}")
        done = line["action"] if line["affected"] else "nothing"
        table.add_row(line["table"].replace("_", " "), line["rule"], *counts, done, protects[line["rule"]])
    return table, result.path / "checker"


def _recorded(name: str, *, store: Path, delivery: str) -> Result:
    result = Store(store.absolute()).recorded(delivery, f"{name}/release")
    if result is None:
        raise RequestError(
            Fault(what=f"the store has no release of {name} for delivery {delivery}", remedy="First: causeway run.")
        )
    return result
