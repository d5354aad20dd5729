"""What the audit asks for, done to the published tables."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.audit import audit, refuse_exposed
from pipeline.release.disclosure.cells import cells_of, row_keys
from pipeline.release.disclosure.inputs import PUBLISHED
from pipeline.release.disclosure.rules import AUDIT, Disclosed, Entry, frame_of
from pipeline.release.disclosure.safeguards import NUMBERS

_ROUNDS = 10
"""A row's numbers go together: what one side of it is withheld for hides the other side, which is then looked at."""


def withhold(
    exact: Mapping[str, pa.Table],
    disclosed: Mapping[str, Disclosed],
    *,
    evaluation: str,
    earlier: pd.DataFrame,
    rules: DisclosureProfile,
) -> dict[str, Disclosed]:
    """The tables after the audit: rows withheld for others' sake are empty, and nothing that is left gives one back.

    Raises
    ------
    DisclosureError
        If something that is withheld could be had from earlier releases, whatever is withheld besides.
    """
    done = {name: one.table for name, one in disclosed.items()}
    withheld = []
    for _ in range(_ROUNDS):
        cells = cells_of(exact, done, evaluation=evaluation, rules=rules)
        found = audit(cells, earlier, rules=rules).withheld
        if found.empty:
            break
        withheld.append(found)
        done = {name: _without(name, table, found) for name, table in done.items()}
    else:
        refuse_exposed(cells_of(exact, done, evaluation=evaluation, rules=rules), earlier, rules=rules)
    asked = pd.concat([cells[["table"]].iloc[:0], *withheld])["table"].value_counts()
    looked = cells["table"].value_counts()
    return {
        name: Disclosed(
            table=done[name],
            entries=(
                *one.entries,
                Entry(table=name, rule=AUDIT, cells=int(looked.get(name, 0)), affected=int(asked.get(name, 0))),
            ),
        )
        for name, one in disclosed.items()
    }


def _without(name: str, table: pa.Table, withheld: pd.DataFrame) -> pa.Table:
    """A published table with the cells withheld: a row's numbers together, but a flow diagram box by box."""
    asked = withheld[withheld["table"] == name]
    if asked.empty:
        return table
    frame = frame_of(table)
    keys = row_keys(name, frame)
    for side, wanted in asked.groupby("side"):
        named = keys.merge(wanted.assign(wanted=True), how="left", on=[c for c in keys if c in wanted])
        hit = pd.Series(named["wanted"].eq(other=True).to_numpy(), index=frame.index)
        arm, _, column = str(side).rpartition(" ")
        hit &= frame["arm"].eq(arm) if arm else True
        for number in [column] if arm else NUMBERS[name]:
            frame[number] = frame[number].mask(hit)
        frame.loc[hit, "obs_status"] = "c"
    return PUBLISHED[name].conform(pa.Table.from_pandas(frame, preserve_index=False)).replace_schema_metadata(None)
