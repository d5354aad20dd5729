"""What benchmarks of estimators share: stored panels to read, and contenders that run in a process of their own."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FIRST_MONTH, N_MONTHS = 24_172, 105
PEOPLE_PER_SHARD = 25_000
ROOT = Path(__file__).parents[1]


def shard_sizes(people: int) -> dict[int, int]:
    """How many people each shard has, by its first person."""
    return {start: min(PEOPLE_PER_SHARD, people - start) for start in range(0, people, PEOPLE_PER_SHARD)}


def write_shard(path: Path, shard: dict[str, np.ndarray], *, covariates: tuple[str, ...] = ()) -> None:
    """One shard of a stored panel, as the panel stage writes it."""
    values = pa.array(shard["pay"].ravel(), from_pandas=True)
    table = pa.table(
        {
            "treatment_month": pa.array(shard["index"].astype(np.int32), mask=~shard["treated"]),
            "birth_month": shard["birth"].astype(np.int32),
            "pay": pa.FixedSizeListArray.from_arrays(values, N_MONTHS),
            **{name: shard[name] for name in covariates},
        }
    )
    pq.write_table(table, path, compression="lz4", use_dictionary=False, write_statistics=False)


def write_note(folder: Path, *, people: int, shards: list[str], covariates: tuple[str, ...] = ()) -> None:
    """The note beside the shards that says how to read them."""
    note = {
        "first_month": FIRST_MONTH,
        "n_months": N_MONTHS,
        "n_people": people,
        "outcomes": ["pay"],
        "levels": {},
        "covariates": covariates,
        "ages": True,
        "shards": shards,
    }
    (folder / "panel.json").write_text(json.dumps(note))


class Stopwatch:
    """Seconds and processor seconds since it was made."""

    def __init__(self) -> None:
        self.seconds, self.cpu = time.perf_counter(), time.process_time()

    def report(self, **found: float) -> None:
        """Print them, the peak memory of the process, and what was found."""
        seconds, cpu = time.perf_counter() - self.seconds, time.process_time() - self.cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(json.dumps({"seconds": seconds, "cpu": cpu, "gigabytes": peak, **found}))


def run(arguments: list[str], *, memory_gb: float, minutes: float = 60) -> dict[str, float | str]:
    """What a contender reports, run as ``python`` with ``arguments``; ``failed`` says what it ran out of."""
    limit = int(memory_gb * 1024**3)
    # -P: numba imports a package that a benchmark here shares its name with.
    try:
        found = subprocess.run(
            [sys.executable, "-P", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60 * minutes,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
            env=os.environ | {"PYTHONWARNINGS": "ignore", "PYTHONPATH": str(ROOT)},
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"over {minutes:g} minutes"}
    if found.returncode == 0:
        return json.loads(found.stdout.strip().splitlines()[-1])
    if found.returncode < 0 or any(word in found.stderr for word in ("MemoryError", "memory", "alloc")):
        return {"failed": f"ran out of {memory_gb:g} GB"}
    sys.exit(f"{' '.join(arguments)} failed:\n{found.stderr[-3000:]}")


def machine() -> str:
    """The machine, in a few words."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
