"""A recipe is the whole pipeline's settings: YAML, flags and Python build the same object."""

from __future__ import annotations

import copy
import dataclasses
import importlib.resources
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError

from hardneg.engine import ENGINES, Engine
from hardneg.engine.local import Local
from hardneg.errors import ConfigError, DataError, unknown_name
from hardneg.export import FORMATS, Format
from hardneg.load import LoadOptions
from hardneg.rank import RANKERS, RankerSettings
from hardneg.rank.fuse import FUSIONS
from hardneg.registry import Registry, first_problem
from hardneg.select import DRAWS, RULES
from hardneg.select.settings import SelectSettings
from hardneg.settings import LISTS, check_names, override, parse_yaml, put
from hardneg.tables import flat, html_table
from hardneg.validate import VALIDATORS
from hardneg.validate.settings import ValidateSettings

AnyRanker = Annotated[RankerSettings, PlainValidator(RANKERS.make), PlainSerializer(RANKERS.describe)]
AnyEngine = Annotated[Engine, PlainValidator(ENGINES.make), PlainSerializer(ENGINES.describe)]
AnyFormat = Annotated[Format, PlainValidator(FORMATS.make), PlainSerializer(FORMATS.describe)]

_ABSOLUTE = ("cross-encoder", "dense", "vectors")
_SIMILARITY = ("cross-encoder", "dense", "vectors", "sparse")


class RankSettings(BaseModel):
    """How candidates are found.

    Attributes:
        rankers: Each as `bm25`, `dense:MODEL` or `{dense: {model: MODEL, ...}}`.
        depth: How many documents each ranker gives at first; short queries are looked at deeper.
        max_depth: Where deepening ends; None for the size of the corpus.
        order: How several lists become one: `rrf`, `minmax`, `zscore`, `scorer` (by the scores that rules
            read), or the name of the ranker whose scores give the order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rankers: tuple[AnyRanker, ...] = Field(min_length=1)
    depth: int = Field(default=100, ge=1)
    max_depth: int | None = Field(default=None, ge=1)
    order: str = "rrf"

    @property
    def names(self) -> tuple[str, ...]:
        """The rankers' names, as the ledger's columns have them: the kind, numbered when it repeats."""
        names: list[str] = []
        for ranker in self.rankers:
            wanted = getattr(ranker, "name", None) or RANKERS.name_of(ranker)
            number = sum(name == wanted or name.startswith(f"{wanted}_") for name in names)
            names.append(f"{wanted}_{number + 1}" if number else wanted)
        return tuple(names)

    @property
    def similarity_names(self) -> tuple[str, ...]:
        """The names of the rankers that measure similarity, cross-encoders first."""
        kinds = [RANKERS.name_of(ranker) for ranker in self.rankers]
        similar = [(kind, n) for kind, n in zip(kinds, self.names, strict=True) if kind in _SIMILARITY]
        return tuple(name for _, name in sorted(similar, key=lambda pair: pair[0] != "cross-encoder"))

    @property
    def scorers(self) -> dict[str, bool]:
        """For each ranker, whether its scores mean the same for every query: cosines do, BM25's do not.

        Lists of negatives have no scores that could tell anything.
        """
        kinds = [RANKERS.name_of(ranker) for ranker in self.rankers]
        named = zip(self.names, kinds, strict=True)
        return {name: kind in _ABSOLUTE for name, kind in named if kind != "listed"}


class Recipe(BaseModel):
    """All settings of a run.

    Attributes:
        name: What the recipe is called.
        description: What it does, and whose method it is.
        load: How strictly the source is read.
        rank: How candidates are found.
        validation: Who looks for false negatives among them.
        select: How negatives are selected.
        format: How the training set is written.
        seed: Of all random draws.
        engine: Where encoding, ranking and deciding run; changes neither ledger nor training set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "custom"
    description: str = ""
    load: LoadOptions = LoadOptions()
    rank: RankSettings
    validation: ValidateSettings = ValidateSettings()
    select: SelectSettings = SelectSettings()
    format: AnyFormat
    seed: int = 42
    engine: AnyEngine = Local()

    @classmethod
    def build(cls, settings: Mapping[str, Any]) -> Recipe:
        """Returns the recipe of these settings, as YAML gives them, with all names resolved.

        Raises:
            ConfigError: A setting is unknown, missing, contradictory or out of range.
        """
        check_names(settings, f"recipe {settings.get('name', '')}")
        try:
            recipe = cls(**_spelled_out(copy.deepcopy(dict(settings))))
        except ValidationError as error:
            raise ConfigError(f"recipe {settings.get('name', '')}: {first_problem(error)}") from None
        return recipe._resolved()

    @classmethod
    def named(
        cls,
        name: str,
        overrides: Sequence[str] = (),
        *,
        ranked_by: Mapping[str, Any] | None = None,
        verdicts: str | Path | None = None,
        **flags: Any,
    ) -> Recipe:
        """Returns a named recipe or one from a YAML file, changed by flags.

        Args:
            name: One of `recipe_names()`, or a YAML file.
            overrides: `KEY=VALUE` each, the key a path such as `select.negatives`, the value YAML.
            ranked_by: Settings of another recipe, whose loading, ranking and validators are kept.
            verdicts: A file of verdicts that validation is to hear.
            flags: Paths with `__` for the dot, as in `select__negatives=8`; None changes nothing.

        Raises:
            ConfigError: There is no such recipe, or the changes do not fit it.
        """
        settings = read_recipe(name)
        if ranked_by is not None:
            _keep(settings, ranked_by, (*flags, *(given.partition("=")[0] for given in overrides)))
        for key, value in flags.items():
            if value is not None:
                put(settings, key.replace("__", ".").split("."), value, key)
        settings = _spelled_out(settings)
        override(settings, overrides)
        if verdicts is not None:
            heard = {"verdicts": {"file": str(Path(verdicts).resolve())}}
            validate = settings.setdefault("validation", {})
            validate["validators"] = [*_others(validate.get("validators") or []), heard]
        return cls.build(settings)

    def settings(self) -> dict[str, Any]:
        """Returns plain settings that `build` turns into the same recipe."""
        return self.model_dump(mode="json")

    def _repr_html_(self) -> str:
        """Returns a table of the settings, for notebooks."""
        return html_table(f"Recipe {self.name}", flat(self.settings()))

    def in_precision(self, precision: str) -> Recipe:
        """Returns the recipe with all its models in one number format.

        Raises:
            ConfigError: There is no such format, or no ranker has a choice of them.
        """
        settings = self.settings()
        rankers = [given for ranker in settings["rank"]["rankers"] for given in ranker.values()]
        choosing = [given for given in rankers if "precision" in given]
        if not choosing:
            raise ConfigError("no ranker of the recipe has a precision to choose; dense rankers have")
        for given in choosing:
            given["precision"] = precision
        return Recipe.build(settings)

    def _resolved(self) -> Recipe:
        """Returns the recipe with scorer and teachers named, after checking that those given exist."""
        names, similar = self.rank.names, self.rank.similarity_names
        if all(RANKERS.name_of(ranker) == "cross-encoder" for ranker in self.rank.rankers):
            raise ConfigError("a cross-encoder scores candidates and finds none: add a ranker that does")
        select = self.select
        teachers = select.teachers or (names if select.ensemble != "none" else ())
        if select.ensemble != "none" and len(teachers) < 2:
            raise ConfigError(
                f"ensemble {select.ensemble} needs two teachers or more, found {len(teachers)}: add a ranker"
            )
        by = select.by or (similar or names)[0]
        asked = [rule.by for rule in select.rules] + [select.draw.by, by, *teachers]
        for name in asked:
            if name is not None and name not in names:
                raise unknown_name("ranker in by", name, names)
        order = by if self.rank.order == "scorer" else self.rank.order
        if order not in FUSIONS and order not in names:
            raise unknown_name("order", order, [*FUSIONS, "scorer", *names])
        resolved = select.model_copy(update={"by": by, "teachers": tuple(teachers)})
        rank = self.rank.model_copy(update={"order": order})
        return self.model_copy(update={"rank": rank, "select": resolved, "load": _located(self.load)})


def recipe_names() -> list[str]:
    """Returns the names of the recipes that come with hardneg, sorted."""
    files = importlib.resources.files("hardneg.recipes").iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def read_recipe(name: str) -> dict[str, Any]:
    """Returns the plain settings of a named recipe or a YAML file.

    Raises:
        ConfigError: There is no such recipe.
        DataError: The file cannot be read or is not YAML.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise DataError(
                f"cannot read recipe {name}: {getattr(error, 'strerror', None) or error}"
            ) from None
    elif name in recipe_names():
        text = (importlib.resources.files("hardneg.recipes") / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        raise unknown_name("recipe", name, recipe_names())
    settings = parse_yaml(text, name)
    if not isinstance(settings, dict):
        raise DataError(f"recipe {name} is not a mapping of settings")
    return settings


def _keep(settings: dict[str, Any], ranked_by: Mapping[str, Any], changes: Sequence[str]) -> None:
    """Takes loading, ranking and validators from another recipe, in place.

    Raises:
        ConfigError: One of them is to be changed.
    """
    settings.update(rank=ranked_by["rank"], load=ranked_by["load"])
    validate = settings.setdefault("validation", {})
    validate["validators"] = ranked_by.get("validation", {}).get("validators", [])
    for key in changes:
        path = key.replace("__", ".")
        if path.split(".")[0] in ("rank", "load") or path.startswith("validation.validators"):
            raise ConfigError(f"{key} cannot be changed when deciding again: mine anew")


def _others(validators: Sequence[Any]) -> list[Any]:
    """Returns the validators that are not a file of verdicts."""
    return [validator for validator in validators if VALIDATORS.parse(validator)[0] != "verdicts"]


def _located(options: LoadOptions) -> LoadOptions:
    """Returns the options with a corpus that is found from any working directory."""
    if options.corpus is None or not Path(options.corpus).exists():
        return options
    return dataclasses.replace(options, corpus=str(Path(options.corpus).resolve()))


def _spelled_out(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns settings with every component as `{name: {setting: value}}`, so that paths can enter them."""
    nested = (settings.get("rank"), settings.get("validation"), settings.get("select"))
    rank, validate, select = (part if isinstance(part, dict) else {} for part in nested)
    spelled: list[tuple[dict[str, Any], str, Registry[Any]]] = [
        (rank, "rankers", RANKERS),
        (validate, "validators", VALIDATORS),
        (select, "rules", RULES),
        (select, "draw", DRAWS),
        (settings, "format", FORMATS),
        (settings, "engine", ENGINES),
    ]
    for owner, key, registry in spelled:
        if key in LISTS and isinstance(owner.get(key), str | Mapping):
            owner[key] = [owner[key]]
        if isinstance(owner.get(key), list | tuple):
            owner[key] = [_spell(item, registry) for item in owner[key]]
        elif owner.get(key) is not None:
            owner[key] = _spell(owner[key], registry)
    return settings


def _spell(given: Any, registry: Registry[Any]) -> dict[str, Any]:
    if not isinstance(given, str | Mapping):
        return registry.describe(given)
    name, settings = registry.parse(given)
    return {name: settings}
