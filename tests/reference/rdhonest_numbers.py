"""Makes ``rdhonest.json``: what the package of the method's authors says of drawn people.

Run by hand, in an environment of its own, with rdhonest 0.0.1 (and pandas 3.1, numpy 2.4) installed:

    python tests/reference/rdhonest_numbers.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

NUMBERS = Path(__file__).with_suffix("").with_name("rdhonest.json")
SETTINGS = [
    {"curvature": curvature, "bandwidth": bandwidth, "covariate": covariate}
    for curvature in (0.005, 0.05)
    for bandwidth in (2.5, 4.0, 7.75)
    for covariate in (False, True)
]
COLUMNS = {
    "estimate": "att", "std.error": "std_error", "maximum.bias": "maximum_bias", "conf.low": "ci_lower",
    "conf.high": "ci_upper", "eff.obs": "effective_observations", "p.value": "p_value",
}  # fmt: skip
SHORTEST = (0.005, 0.02, 0.1)


def drawn(*, people: int = 1500) -> pd.DataFrame:
    """Integer values about 42 with few people far out, and an outcome of sums of bits: the same on any machine."""
    bits = np.unpackbits(np.frombuffer(np.random.default_rng(42).bytes(people * 16), np.uint8)).reshape(people, -1)
    running = 24 + bits[:, :28].sum(axis=1).astype(float)
    covariate = bits[:, 28:60].sum(axis=1) - 16.0
    noise = bits[:, 60:].sum(axis=1) - bits[:, 60:].shape[1] / 2
    outcome = 0.002 * (running - 30) ** 2 + 0.7 * (running >= 42) + 0.25 * covariate + noise / 4
    return pd.DataFrame({"running": running, "outcome": outcome, "covariate": covariate})


def main() -> None:
    """Write the numbers."""
    from rdhonest import rd_honest

    frame = drawn()
    y, x, z = (frame[name].to_numpy() for name in ("outcome", "running", "covariate"))

    def said(**options: object) -> dict[str, float]:
        row = rd_honest(y, x, cutoff=42, **options).coefficients.iloc[0]
        return {ours: float(row[theirs]) for theirs, ours in COLUMNS.items()}

    fixed = [
        setting
        | said(M=setting["curvature"], h=setting["bandwidth"], covs=z[:, None] if setting["covariate"] else None)
        for setting in SETTINGS
    ]
    shortest = [{"curvature": m} | said(M=m, opt_criterion="FLCI") for m in SHORTEST]
    rule = float(rd_honest(y, x, cutoff=42, h=5.0).coefficients["M"].iloc[0])
    found = {"rdhonest": version("rdhonest"), "fixed": fixed, "shortest": shortest, "rule_of_thumb": rule}
    NUMBERS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
