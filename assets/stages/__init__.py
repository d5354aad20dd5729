"""Where the rooms meet: each stage as one call into ``pipeline``, kept in the store under what it was made from.

A delivery's folder goes in; results in the store leave, each under the digest of its inputs, code and settings.
"""

import logging

# DoWhy warns that a model does not identify its effect; that is the answer, and the report says it.
logging.getLogger("dowhy").setLevel(logging.ERROR)
