"""A recipe is the whole pipeline's settings: YAML, flags and Python build the same object."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, ValidationError

from hardneg.core import verdicts
from hardneg.core.components import (
    ENGINES,
    FORMATS,
    RANKERS,
    Engine,
    Format,
)
from hardneg.core.errors import ConfigError, require_all, unknown_name
from hardneg.core.files import real_path
from hardneg.core.registry import first_problem
from hardneg.core.settings import check_names, override, put
from hardneg.core.tables import flat, html_table
from hardneg.engines.local import Local
from hardneg.mining.rank_settings import RankSettings
from hardneg.mining.recipe_changes import bound, copied, keep_ranking, spelled_out, without_verdicts
from hardneg.mining.recipes import read_recipe, recipe_names, register_recipe
from hardneg.rankers.fusion import FUSIONS
from hardneg.runs.directory import RunFolder
from hardneg.runs.finished import FinishedRun
from hardneg.selection.settings import SelectSettings
from hardneg.sources import LoadOptions
from hardneg.validators.positives.settings import PositiveSettings
from hardneg.validators.settings import ValidateSettings

__all__ = [
    "RankSettings",
    "Recipe",
    "read_recipe",
    "recipe_names",
    "recipe_of",
    "register_recipe",
    "reselecting",
]

AnyEngine = Annotated[Engine, PlainValidator(ENGINES.make), PlainSerializer(ENGINES.describe)]
AnyFormat = Annotated[Format, PlainValidator(FORMATS.make), PlainSerializer(FORMATS.describe)]


class Recipe(BaseModel):
    """All settings of a run.

    Attributes:
        name: What the recipe is called.
        description: What it does, and whose method it is.
        load: How strictly the source is read.
        rank: How candidates are found.
        validation: How false negatives among them are found.
        positives: How wrong positives are found, and what becomes of them.
        select: How negatives are selected.
        format: How the training set is written.
        seed: Seed of all random draws.
        engine: Where encoding, ranking and deciding run; changes neither ledger nor training set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "custom"
    description: str = ""
    load: LoadOptions = LoadOptions()
    rank: RankSettings
    validation: ValidateSettings = ValidateSettings()
    positives: PositiveSettings = PositiveSettings()
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
            recipe = cls(**spelled_out(copied(settings)))
        except ValidationError as error:
            raise ConfigError(f"recipe {settings.get('name', '')}: {first_problem(error)}") from None
        return recipe._resolved()

    @classmethod
    def named(
        cls,
        name: str | Mapping[str, Any] = "default",
        overrides: Sequence[str] = (),
        *,
        rankers: Sequence[Any] | None = None,
        validators: Sequence[Any] | None = None,
        rules: Sequence[Any] | None = None,
        draw: Any = None,
        negatives: int | None = None,
        max_positives: int | None = None,
        perc_pos: float | None = None,
        margin_pos: float | None = None,
        max_score: float | None = None,
        by: str | None = None,
        format: Any = None,
        split: str | None = None,
        corpus: str | None = None,
        columns: Sequence[str] | Mapping[str, str] | None = None,
        strict: bool | None = None,
        load: Mapping[str, Any] | None = None,
        seed: int | None = None,
        engine: Any = None,
        verdicts: str | Path | None = None,
        ranked_by: Recipe | Mapping[str, Any] | None = None,
    ) -> Recipe:
        """Returns a named recipe or one from a YAML file, changed; None changes nothing.

        Components are given by name (`"dense:MODEL"`), as `{name: {setting: value}}`, or as an instance, a
        class or a function: `Recipe.named("default", rules=[min_length])`.

        Args:
            name: Named recipe or YAML file.
            overrides: `KEY=VALUE`: a setting by its path, as in `select.max_uses=10`.
            rankers: Ranker, as `bm25`, `dense:MODEL` or `run:FILE`.
            validators: In place of the recipe's.
            rules: In place of the recipe's.
            draw: In place of the recipe's.
            negatives: Negatives per query.
            max_positives: Most positives per query in the training set, the most relevant first.
            perc_pos: Highest share of the weakest positive's score that a negative may have, 0.9 = 90 %: the
                rule `relative-margin`, changed or added.
            margin_pos: Least distance of a negative below the weakest positive's score: the rule
                `absolute-margin`, changed or added.
            max_score: Highest score of a negative: the rule `max-score`, changed or added.
            by: The ranker whose scores rules read.
            format: The trainer's format.
            split: Judgments to read.
            corpus: File with more documents than a pairs file holds.
            columns: Column of a role, as `query=question` or `positive=context`, where a table calls it by a
                name that is not known, or several could be it.
            strict: Fail on whatever loading would skip or merge.
            load: All settings of loading, in place of the recipe's.
            seed: Seed of all random draws.
            engine: Where the work runs: `local`, `ray` or `ray:ADDRESS`.
            verdicts: File of verdicts, as `hardneg review` and `hardneg judge` write them.
            ranked_by: Another recipe, or its settings, whose loading, ranking and validators are kept.

        Raises:
            ConfigError: There is no such recipe, or the changes do not fit it.
        """
        settings = read_recipe(name) if isinstance(name, str) else copied(name)
        changes = {
            "rank.rankers": rankers,
            "validation.validators": validators,
            "select.rules": rules,
            "select.draw": draw,
            "select.negatives": negatives,
            "select.max_positives": max_positives,
            "select.by": by,
            "format": format,
            "load": None if load is None else dict(load),
            "load.split": split,
            "load.corpus": corpus,
            "load.columns": columns,
            "load.strict": strict,
            "seed": seed,
            "engine": engine,
        }
        changes = {key: value for key, value in changes.items() if value is not None}
        if ranked_by is not None:
            keep_ranking(
                settings, _parts(ranked_by), (*changes, *(given.partition("=")[0] for given in overrides))
            )
        for key, value in changes.items():
            put(settings, key.split("."), value, key)
        settings = spelled_out(settings)
        margin = None if perc_pos is None else round(1 - perc_pos, 10)
        bound(settings, "relative-margin", "margin", margin)
        bound(settings, "absolute-margin", "margin", margin_pos)
        bound(settings, "max-score", "maximum", max_score)
        override(settings, overrides)
        if verdicts is not None:
            validator = {"verdicts": {"file": str(real_path(verdicts))}}
            validation = settings.setdefault("validation", {})
            validation["validators"] = [*without_verdicts(validation.get("validators") or []), validator]
        return cls.build(settings)

    def check_installed(self) -> None:
        """Checks that the optional libraries of all components are installed, before any work is done.

        Raises:
            MissingExtra: Some are missing; the message names all.
        """
        rankers = () if self.engine.spreads else self.rank.rankers  # its workers may have what this lacks
        validators = *self.validation.validators, *self.positives.validators
        others = *validators, *self.select.rules, self.select.draw, self.format, self.engine
        require_all((*rankers, *others))

    def settings(self) -> dict[str, Any]:
        """Returns plain settings that `build` turns into the same recipe."""
        return self.model_dump(mode="json")

    def _repr_html_(self) -> str:
        """Returns a table of the settings, for notebooks."""
        return html_table(f"Recipe {self.name}", flat(self.settings()))

    def in_precision(self, precision: str) -> Recipe:
        """Returns the recipe with all its models in one number format."""
        chosen = [hasattr(ranker, "precision") for ranker in self.rank.rankers]
        if not any(chosen):
            raise ConfigError("no ranker of the recipe has a precision to choose; dense rankers have")
        settings = _parts(self)
        settings["rank"]["rankers"] = [
            {name: {**own, "precision": precision} for name, own in RANKERS.describe(ranker).items()}
            if has_precision
            else ranker
            for has_precision, ranker in zip(chosen, self.rank.rankers, strict=True)
        ]
        return Recipe.build(settings)

    def _resolved(self) -> Recipe:
        """Returns the recipe with scorer and teachers named, after checking that those given exist."""
        names, similar = self.rank.names, self.rank.similarity_names
        if all(ranker.reranks for ranker in self.rank.rankers):
            kind = RANKERS.name_of(self.rank.rankers[0])
            raise ConfigError(f"{kind} scores candidates and finds none: add a ranker that does")
        select = self.select
        teachers = select.teachers or (names if select.ensemble != "none" else ())
        if select.ensemble != "none" and len(teachers) < 2:
            raise ConfigError(
                f"ensemble {select.ensemble} needs two teachers or more, found {len(teachers)}: add a ranker"
            )
        judged = any(validator.judges for validator in self.validation.validators)
        if select.attenuate and not (self.validation.calibrate or judged):
            raise ConfigError(
                "select.attenuate draws by the probabilities of false negatives, which this recipe does not "
                "estimate: add validation.calibrate=true"
            )
        own = (select.ensemble,) if select.combines else ()
        by = select.by or (*own, *similar, *names)[0]
        known = (*names, *own)
        for name in [*(rule.by for rule in select.rules), select.draw.by, by, *teachers]:
            if name is not None and name not in known:
                raise unknown_name("ranker in by", name, known)
        order = by if self.rank.order == "scorer" else self.rank.order
        order = "zscore" if order in own else order
        if order not in FUSIONS and order not in names:
            raise unknown_name("order", order, [*FUSIONS, "scorer", *names])
        resolved = select.model_copy(update={"by": by, "teachers": tuple(teachers)})
        rank = self.rank.model_copy(update={"order": order})
        return self.model_copy(update={"rank": rank, "select": resolved, "load": _located(self.load)})


def recipe_of(run: FinishedRun) -> Recipe:
    """Returns the recipe of a finished run: the object it was made with, else what run.json describes."""
    recipe = run.recipe
    return recipe if isinstance(recipe, Recipe) else Recipe.build(run.info["recipe"])


def with_verdicts(recipe: Recipe, file: Path, *, relabel: bool = False) -> Recipe:
    """Returns a recipe that reads a file of verdicts, in place of any other, and may relabel by them."""
    options = {"file": str(real_path(file)), **({"relabel": True} if relabel else {})}
    settings = _parts(recipe)
    validators = [*without_verdicts(settings["validation"]["validators"]), {"verdicts": options}]
    settings["validation"] = {**settings["validation"], "validators": validators}
    return Recipe.build(settings)


def with_earlier_verdicts(recipe: Recipe, earlier: Path) -> Recipe:
    """Returns a recipe that reads the verdicts of a finished run, unless it names others or there are none.

    Raises:
        DataError: The run is not finished.
    """
    RunFolder(earlier).finished()
    file = earlier / verdicts.FILE
    judged = any(validator.judges for validator in recipe.validation.validators)
    return recipe if judged or not file.exists() else with_verdicts(recipe, file)


def reselecting(run: FinishedRun, recipe: Recipe | str | Mapping[str, Any]) -> Recipe:
    """Returns a recipe with the loading, ranking and validators of a finished run."""
    ranked_by = run.recipe if isinstance(run.recipe, Recipe) else run.info["recipe"]
    if not isinstance(recipe, Recipe):
        return Recipe.named(recipe, ranked_by=ranked_by)
    if recipe.settings()["rank"] == run.info["recipe"]["rank"]:
        return recipe
    settings, judges = _parts(recipe), [v for v in recipe.validation.validators if v.judges]
    known = {*recipe_of(run).rank.names, recipe.select.ensemble}
    if not {recipe.select.by, *recipe.select.teachers} <= known:
        settings["select"] |= {"by": None, "teachers": ()}
    keep_ranking(settings, _parts(recipe_of(run)), ())
    if judges:
        validators = without_verdicts(settings["validation"]["validators"])
        settings["validation"]["validators"] = [*validators, *judges]
    return Recipe.build(settings)


def _parts(recipe: Recipe | Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings as `Recipe.build` takes them; the components of a recipe stay objects."""
    if not isinstance(recipe, Recipe):
        return dict(copied(recipe))
    parts: dict[str, Any] = {**dict(recipe), "load": dataclasses.asdict(recipe.load)}
    return {**parts, **{key: dict(parts[key]) for key in ("rank", "validation", "positives", "select")}}


def _located(options: LoadOptions) -> LoadOptions:
    """Returns the options with the absolute path of the corpus."""
    if options.corpus is None or not Path(options.corpus).exists():
        return options
    return dataclasses.replace(options, corpus=str(real_path(options.corpus)))
