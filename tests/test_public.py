"""The names that users may rely on."""

import subprocess
import sys

import hardneg


def test_every_public_name_is_there_and_none_is_forgotten():
    assert set(hardneg.__all__) == {
        "Collection", "ConfigError", "DataError", "Example", "HardnegError", "LoadOptions", "MissingExtra",
        "Recipe", "Result", "Scored", "mine", "open_run", "recipe_names",
    }  # fmt: skip
    for name in hardneg.__all__:
        assert getattr(hardneg, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(hardneg, "mien")


def test_importing_hardneg_loads_nothing_heavy():
    heavy = "{'torch', 'numba', 'pyarrow', 'bm25s', 'datasets', 'altair', 'vl_convert', 'jinja2'}"
    code = f"import sys, hardneg.cli; print(*{heavy} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
