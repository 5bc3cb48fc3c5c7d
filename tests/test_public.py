"""The names that users may rely on."""

import importlib.metadata
import subprocess
import sys

import hardneg


def test_every_public_name_is_there_and_none_is_forgotten():
    assert {*hardneg.__all__} - {"__version__"} == {
        "Collection", "ConfigError", "DataError", "Draw", "Example", "Format", "HardnegError", "LoadOptions",
        "MissingExtra", "Ranker", "Recipe", "Rule", "Run", "Scored", "Source", "Validator", "audit", "chunk",
        "clean", "compare", "component", "draw", "evaluate", "export", "file_format", "generate", "judge",
        "loss", "mine", "mix", "open_run", "push", "ranker", "recipe_names", "rule", "select", "source",
        "train", "validator", "write_report",
    }  # fmt: skip
    for name in {*hardneg.__all__} - {"__version__"}:
        assert getattr(hardneg, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(hardneg, "mien")


def test_importing_hardneg_loads_nothing_heavy():
    heavy = "{'torch', 'numba', 'pyarrow', 'bm25s', 'datasets', 'altair', 'vl_convert', 'jinja2'}"
    code = f"import sys, hardneg.cli; print(*{heavy} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_the_version_stands_in_one_place():
    assert hardneg.__version__ == importlib.metadata.version("hardneg")
