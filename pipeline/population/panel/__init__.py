"""A cohort, payments and benefit spells go in; one row a person with a list of months per outcome leaves.

:func:`panel` makes it from payments and spells, :func:`linked_panel` from a panel its owner has linked
already. Both write shards ``panel/shard-00000.parquet …`` and the note ``panel.json`` that says how to read them;
nothing leaves that is after a death or outside a person's observed months.
"""

from pipeline.population.panel.linked import linked_panel
from pipeline.population.panel.staggered import panel

__all__ = ["linked_panel", "panel"]
