"""The settings of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hardneg.core.errors import ConfigError, unknown_name
from hardneg.core.registry import first_problem
from hardneg.evaluation.measures import Measure, parse
from hardneg.evaluation.output import file_name
from hardneg.mining.recipe import Recipe
from hardneg.training.train_settings import TrainSettings

UNTRAINED = "untrained"
IN_BATCH = "in-batch"
_BASELINES = {UNTRAINED: "the student without any training", IN_BATCH: "the student of in-batch negatives"}

NDCG = Measure("nDCG", 10)
RECALL = Measure("recall", 100)


class CompareSettings(BaseModel):
    """Recipes to compare, and the conditions that are the same for all.

    Attributes:
        recipes: Names or YAML files of the recipes, in the order of the table; the first is the baseline.
        recipe_set: Changes of every recipe, as `KEY=VALUE`.
        negatives: Negatives per query.
        depth: Least depth to which candidates are mined.
        seeds: Students per recipe, each trained with another seed.
        train: Settings of the training; its seed is that of the first student.
        split: Split to mine and to train on.
        test: Split to measure students on, used for nothing else.
        queries: Most training queries, drawn at random; None for all.
        measures: Measures on the test split, besides nDCG@10 and recall@100.
        min_relevance: Least relevance of a positive.
        load: Further options of loading the source.
        audit: Audit the recipes' runs for false negatives.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipes: tuple[str, ...]
    recipe_set: tuple[str, ...] = ()
    negatives: int = Field(default=4, ge=1)
    depth: int = Field(default=200, ge=1)
    seeds: int = Field(default=3, ge=1)
    train: TrainSettings = TrainSettings()
    split: str = "train"
    test: str = "test"
    queries: int | None = Field(default=None, ge=1)
    measures: tuple[str, ...] = ("MRR@10",)
    min_relevance: int = Field(default=1, ge=1)
    load: dict[str, Any] = Field(default_factory=dict)
    audit: bool = True

    @field_validator("recipes")
    @classmethod
    def _distinct(cls, recipes: tuple[str, ...]) -> tuple[str, ...]:
        if not recipes:
            raise ValueError("name one at least, as in --recipes naive,default")
        return tuple(dict.fromkeys(recipes))

    @model_validator(mode="after")
    def _apart(self) -> CompareSettings:
        if self.test == self.split:
            raise ValueError(f"students are measured on {self.test}, which they would learn from")
        if self.train.dev == self.test:
            raise ValueError(f"training would be stopped early on {self.test}, which is for measuring alone")
        return self

    @classmethod
    def build(cls, settings: Mapping[str, Any]) -> CompareSettings:
        """Returns the settings, checked."""
        try:
            return cls(**settings)
        except ValidationError as error:
            raise ConfigError(f"compare: {first_problem(error)}") from None

    @property
    def all_measures(self) -> tuple[Measure, ...]:
        """nDCG@10, recall@100 and `measures`."""
        return tuple(dict.fromkeys((NDCG, RECALL, *parse(self.measures))))

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms: the untrained student, in-batch negatives alone, and each recipe."""
        return (UNTRAINED, IN_BATCH, *(self.recipe(name).name for name in self.recipes))

    def recipe(self, name: str) -> Recipe:
        """Returns one recipe under the common conditions."""
        load = {**self.load, "split": self.split, "min_relevance": self.min_relevance}
        return Recipe.named(name, self.recipe_set, negatives=self.negatives, format="jsonl", load=load)

    def all_recipes(self) -> list[Recipe]:
        """Returns all recipes under the common conditions, in their order."""
        recipes = [self.recipe(name) for name in self.recipes]
        taken, teacher = dict(_BASELINES), self.train.teacher
        for given, recipe in zip(self.recipes, recipes, strict=True):
            first = taken.setdefault(file_name(recipe.name), given)
            if first != given:
                raise ConfigError(
                    f'recipe {given} has the name "{recipe.name}", as {first} has; change "name" in its file'
                )
            if teacher is not None and teacher not in recipe.rank.names:
                raise unknown_name(f"teacher of recipe {recipe.name}", teacher, recipe.rank.names)
        return recipes

    def shared(self) -> dict[str, Any]:
        """Returns the settings that every result of a folder must have in common."""
        return self.model_dump(mode="json", exclude={"recipes", "seeds", "audit"})
