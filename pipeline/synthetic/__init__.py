"""A number of people and a seed go in; a delivery with known effects leaves, its truth beside it.

Nothing here is a record of anybody. The delivery is in the owner's format, dirt included; the same number of people,
seed and knobs give the same bytes.
"""

from pipeline.synthetic.delivery import synthesise
from pipeline.synthetic.knobs import Knobs

__all__ = ["Knobs", "synthesise"]
