"""The settings of a mixture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hardneg.core.errors import ConfigError, DataError, problem
from hardneg.core.files import open_regular
from hardneg.core.registry import first_problem
from hardneg.core.settings import parse_yaml
from hardneg.core.stores import is_url


class PartSettings(BaseModel):
    """One run of a mixture.

    Attributes:
        run: The run directory, or its URL.
        name: Prefix of its ids; None for the name of its collection.
        prompt: Text before each of its queries, as an instruction, in which `{prompt}` is the query's own in
            the source; None for that alone, where the source has one; empty for none.
        weight: Factor of its share of the rows; 2 = twice as many as by its size.
        cap: Most rows taken from it before shares are computed, drawn at random; None for all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    name: str | None = Field(default=None, min_length=1)
    prompt: str | None = None
    weight: float = Field(default=1.0, gt=0)
    cap: int | None = Field(default=None, ge=1)


class MixSettings(BaseModel):
    """How runs are mixed.

    Attributes:
        parts: The runs.
        batches: `one`: each batch has rows of one run; `clustered`: of one run, their queries near to each
            other; `all`: rows of all runs, by their shares.
        batch_size: Rows per batch; the training set is written batch after batch.
        size: Rows in all; None for as many as the runs have.
        temperature: Shares are in proportion to (weight x rows)^temperature: 1 by size, 0 for equal ones.
            Rows of small runs are then repeated.
        negatives: Most negatives per row, the hardest; None for all.
        holdout: Sources whose queries must not be in the mixture, as sets for evaluation.
        holdout_split: Their split.
        near_copy: Queries of at least this similarity (Jaccard, of runs of 5 characters) are copies, of which
            the later one is left out; 1 for those of the same text alone.
        format: The trainer's format.
        masks: Also write `batches.parquet`: one row per batch, with the weight of each document as a negative
            for each query, 0 where it must not count.
        seed: Seed of all random draws.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: tuple[PartSettings, ...] = Field(min_length=1)
    batches: Literal["one", "clustered", "all"] = "one"
    batch_size: int = Field(default=64, ge=1)
    size: int | None = Field(default=None, ge=1)
    temperature: float = Field(default=1.0, ge=0, le=1)
    negatives: int | None = Field(default=None, ge=1)
    holdout: tuple[str, ...] = ()
    holdout_split: str = "test"
    near_copy: float = Field(default=0.9, gt=0, le=1)
    format: str | Mapping[str, Any] = "jsonl"
    masks: bool = False
    seed: int = 42

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> MixSettings:
        """Returns checked settings.

        Raises:
            ConfigError: One is unknown or out of range, or a run is named twice.
        """
        try:
            made = cls(**given)
        except ValidationError as error:
            raise ConfigError(f"mixture: {first_problem(error)}") from None
        (run, count), *_ = Counter(part.run for part in made.parts).most_common(1)
        if count > 1:
            raise ConfigError(f"mixture: the run {run} is named {count} times; its `weight` repeats its rows")
        return made


def read_mixture(path: Path) -> dict[str, Any]:
    """Returns the settings in a YAML file, its runs relative to its folder.

    Raises:
        DataError: It cannot be read, or is no YAML.
        ConfigError: It lists no runs.
    """
    try:
        with open_regular(path) as file:
            settings = parse_yaml(file.read().decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: {problem(error)}") from None
    parts = settings.get("parts") if isinstance(settings, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) and "run" in part for part in parts):
        raise ConfigError(f"{path}: `parts` must list the runs, as in `- run: runs/scifact`")
    for part in parts:
        if not is_url(str(part["run"])):
            part["run"] = str(path.parent / str(part["run"]))
    return dict(settings)
