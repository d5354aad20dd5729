"""What a deployment may change: every file of ``configs/``, checked at once, unknown keys refused."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.vocabulary.declared import request_error
from pipeline.vocabulary.errors import Fault, RequestError


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Engine(_Section):
    """``configs/engine.toml``: what the machine may be asked for."""

    threads: int = Field(ge=1)
    memory_limit: str = Field(pattern=r"^\d+(\.\d+)?(MB|GB)$")
    people_per_shard: int = Field(ge=1)
    panel_memory_gb: float = Field(gt=0)
    rows_per_batch: int = Field(ge=1)


class Tolerance(_Section):
    """The largest share of a source's rows that may be rejected before the run stops."""

    rejected_rows: float = Field(ge=0, le=1)


class Validation(_Section):
    """``configs/validation.toml``."""

    sources: dict[str, Tolerance]
    default: Tolerance
    ids_linked_to_several_people: int = Field(ge=0)
    clear_identifiers: float = Field(ge=0, le=1)


class Precision(_Section):
    """The share of a link's pairs that are right, as published or estimated: between ``least`` and ``most``."""

    least: float = Field(gt=0, le=1)
    most: float = Field(gt=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Precision:
        if self.least > self.most:
            message = "the least precision is above the most"
            raise ValueError(message)
        return self


class Precisions(_Section):
    """What is known of the links from health records to the census and of those to National Insurance numbers."""

    health: Precision | None = None
    nino: Precision | None = None


class Linkage(_Section):
    """``configs/linkage.toml``: how people are linked where an owner delivers no links, and how right links are."""

    match_weight: float
    margin: float = Field(ge=0)
    sampled_pairs: int = Field(ge=10_000)
    seed: int
    exact_recall: float = Field(gt=0, le=1)
    least_exact: float = Field(ge=0, le=1)
    least_link_rate: float = Field(gt=0, le=1)
    precision: Precisions = Precisions()


class DisclosureProfile(_Section):
    """One rule profile of ``configs/disclosure.toml``."""

    threshold: int = Field(ge=1)
    suppress_zero: bool
    round_to: int = Field(ge=1)
    minimum_residual_df: int = Field(ge=1)
    protection: int = Field(default=4, ge=2)
    dominance_p: float = Field(default=10.0, gt=0, lt=100)
    dominance_k: float = Field(default=90.0, gt=0, lt=100)


class Untreated(_Section):
    """When a comparison with untreated people may be believed: up to the first of each pair, not above the second."""

    smd: float = Field(gt=0)
    smd_fail: float = Field(gt=0)
    overlap_lost: float = Field(ge=0, le=1)
    overlap_lost_fail: float = Field(ge=0, le=1)


class Refutation(_Section):
    """How DoWhy's refuters are run, and what they must show."""

    people: int = Field(ge=100)
    folds: int = Field(ge=2)
    simulations: int = Field(ge=2)
    most_errors: float = Field(gt=0)
    confounder_flips: float = Field(gt=0, lt=0.5)
    confounder_shift: float = Field(gt=0)
    least_left: float = Field(ge=0, le=1)


class Inference(_Section):
    """``configs/inference.toml``."""

    seed: int
    band_draws: int = Field(ge=1000)
    confidence: float = Field(gt=0, lt=1)
    small_sample: str
    pre_trend_alpha: float = Field(gt=0, lt=1)
    relative_magnitude_breakdown: float = Field(gt=0)
    hidden_by_false_links: float = Field(ge=0, le=1)
    fewest_clusters: int = Field(ge=2)
    power: float = Field(gt=0.5, lt=1)
    hidden_by_trends: float = Field(gt=0)
    estimator_agreement_alpha: float = Field(gt=0, lt=1)
    smallest_effects: dict[str, float]
    untreated: Untreated
    refutation: Refutation


class Publication(_Section):
    """``configs/publication.toml``: what every release says about itself."""

    organisation: str
    contact: str
    revisions_policy: str
    next_release: str
    licence: str


class Settings(_Section):
    """All settings of a deployment, with the owner's column names for each source."""

    engine: Engine
    validation: Validation
    linkage: Linkage
    disclosure: dict[str, DisclosureProfile]
    inference: Inference
    publication: Publication
    columns: dict[str, dict[str, str]]


def settings_folder() -> Path:
    """``CAUSEWAY_CONFIGS`` if set, else ``configs`` of the checkout."""
    return Path(os.environ.get("CAUSEWAY_CONFIGS", Path(__file__).parents[2] / "configs"))


def read_settings(folder: Path | None = None) -> Settings:
    """The settings in ``folder`` (default: :func:`settings_folder`).

    Raises
    ------
    RequestError
        If a file is missing or not TOML, or a key is missing, unknown or out of range; all faults at once.
    """
    folder = folder or settings_folder()
    found: dict[str, Any] = {}
    faults = []
    for name in Settings.model_fields:
        path = folder / f"{name}.toml"
        try:
            found[name] = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            faults.append(Fault(what="settings file is missing", file=f"configs/{path.name}"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            faults.append(Fault(what="settings file is not TOML in UTF-8", file=f"configs/{path.name}"))
    if faults:
        raise RequestError(faults)
    try:
        return Settings.model_validate(found)
    except ValidationError as error:
        raise request_error(error, where="configs") from None
