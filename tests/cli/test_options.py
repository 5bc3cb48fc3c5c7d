"""Options made of settings."""

import json
import re
import subprocess
import sys
from typing import Annotated, Literal

import pytest
import typer
from pydantic import BaseModel, ConfigDict, Field
from pydantic.dataclasses import dataclass
from typer.testing import CliRunner

from hardneg.cli.options import Given, OptionsOf, expanded


class Base(BaseModel):
    """Settings.

    Attributes:
        endpoint: Address of the
            server.
        limit: Most pairs; None for all.
        rate: Requests per second.
    """

    model_config = ConfigDict(extra="forbid")

    endpoint: str
    limit: int | None = Field(default=None, ge=1)
    rate: float = 2.0


class Settings(Base):
    """More settings.

    Attributes:
        also: Judge these too.
        kinds: Kinds of queries.
        judges: Judge; the user unless given.
        strict: Fail on anything skipped.
        report: Write the report.
    """

    also: Literal["dropped", "surplus"] | None = None
    kinds: tuple[str, ...] = ("question", "claim")
    judges: tuple[str, ...] = ()
    strict: bool = False
    report: bool = True


@dataclass(frozen=True)
class Loading:
    """How to load.

    Attributes:
        min_relevance: Least relevance.
    """

    min_relevance: Annotated[int, Field(ge=1, le=3)] = 1


def sampled(run: str, *, size: int = 200, seed: int | None = None) -> None:
    """Samples.

    Args:
        run: The run.
        size: Negatives to draw.
        seed: Seed of the sample.

    Raises:
        ValueError: Never.
    """


def invoke(mark, *arguments):
    """Returns what a command with these options receives, or its output if it fails."""
    received = []

    def command(settings, quiet: bool = False) -> None:
        """Does it."""
        received.append(settings)

    command.__annotations__["settings"] = Annotated[Given, mark]
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(expanded(command))
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "300"})
    return received[0] if result.exit_code == 0 and received else result.output


MODULE = f"{__name__}:"
REFUSED = re.compile(r"Invalid value for '--[\w-]+': .*(range|than or equal to)")


def test_only_options_that_are_given_are_received_by_field_name():
    mark = OptionsOf(
        f"{MODULE}Settings", judge="judges", report="report", strict="strict", endpoint="endpoint"
    )
    assert invoke(mark, "--endpoint", "x") == {"endpoint": "x"}
    given = ("--endpoint", "x", "--judge", "a", "--judge", "b", "--no-report", "--strict")
    assert invoke(mark, *given) == {"endpoint": "x", "judges": ["a", "b"], "report": False, "strict": True}


def test_types_and_limits_are_those_of_the_fields():
    mark = OptionsOf(f"{MODULE}Settings", without=("judges",))
    given = ("--endpoint", "x", "--limit", "3", "--rate", "0.5", "--also", "surplus", "--kinds", "a,b")
    received = {"endpoint": "x", "limit": 3, "rate": 0.5, "also": "surplus", "kinds": "a,b"}
    assert invoke(mark, *given) == received
    assert type(invoke(mark, *given)["also"]) is str
    assert REFUSED.search(invoke(mark, "--endpoint", "x", "--limit", "0"))
    assert "Invalid value for '--also'" in invoke(mark, "--endpoint", "x", "--also", "every")
    assert "Missing option '--endpoint'" in invoke(mark)
    assert REFUSED.search(invoke(OptionsOf(f"{MODULE}Loading"), "--min-relevance", "4"))


def test_help_texts_are_the_docstrings_with_the_defaults():
    page = " ".join(invoke(OptionsOf(f"{MODULE}Settings", judge="judges"), "--help").split())
    assert "Judge. Default: the user. Repeat for several." in page
    page = " ".join(invoke(OptionsOf(f"{MODULE}Settings", without=("judges",)), "--help").split())
    for text in (
        "Address of the server.",
        "Most pairs. Default: all.",
        "Requests per second. Default: 2.",
        "--also dropped|surplus Judge these too.",
        "Kinds of queries. Default: question,claim.",
        "Write the report. Default: yes.",
    ):
        assert text in page


def test_parameters_of_a_function_are_fields_too():
    mark = OptionsOf(f"{MODULE}sampled", "seed", unset="the run's", least={"count": 1}, count="size")
    page = " ".join(invoke(mark, "--help").split())
    assert "--count N Negatives to draw. Default: 200." in page
    assert "Seed of the sample. Default: the run's." in page
    assert invoke(mark, "--count", "5") == {"size": 5}
    assert REFUSED.search(invoke(mark, "--count", "0"))


def test_an_unknown_field_is_an_error():
    with pytest.raises(KeyError, match="sizes"):
        OptionsOf(f"{MODULE}sampled", "sizes").parameters()


def test_the_help_of_hardneg_imports_no_settings():
    code = (
        "import json, sys\nfrom hardneg import cli\nsys.argv = ['hardneg', '--help']\ntry:\n    cli.main()\n"
        "finally:\n    print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {"pydantic", "numpy", "pyarrow", "hardneg.core.registry", "hardneg.mining"}
    assert not heavy & set(json.loads(done.stderr)) and "  audit " in done.stdout
