"""Without the extra `report` runs are made, and a page is refused in one line."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
for name in {libraries!r}:
    sys.modules[name] = None
import hardneg.report
from hardneg import MissingExtra, Recipe, mine, open_run
from hardneg.report import write_comparison, write_figures, write_report, write_versus
mine({source!r}, Recipe.named("naive", rankers=["bm25"]), {out!r})
run = {out!r}
def review():
    from hardneg.review import open_server
writers = [
    lambda: write_report(run), lambda: write_figures(run, run), lambda: write_versus((run, run), None, run),
    lambda: write_comparison(run), lambda: open_run(run).plot,
]
if "jinja2" in {libraries!r}:
    writers.append(review)
for write in writers:
    try:
        write()
    except MissingExtra as error:
        assert "pip install 'hardneg[report]'" in str(error) and chr(10) not in str(error), error
    else:
        raise AssertionError("written without the libraries")
"""


@pytest.mark.parametrize("libraries", [["altair", "vl_convert"], ["jinja2", "markupsafe"]], ids=" ".join)
def test_runs_are_made_without_the_extra(beir, tmp_path, libraries):
    out = tmp_path / "run"
    script = SCRIPT.format(libraries=libraries, source=str(beir), out=str(out))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (out / "run.json").exists() and (out / "README.md").exists()
    assert not (out / "report.html").exists()
    [line] = [line for line in done.stderr.splitlines() if "report.html" in line]
    assert "pip install 'hardneg[report]', then: hardneg report" in line
