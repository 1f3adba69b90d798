# `make reproduce` and `make test` are all that a fresh clone needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Bytecode is written when a module is first imported: most of what is installed never is.
PIP_INSTALL := $(BIN)/python -m pip install --no-compile --prefer-binary \
    --disable-pip-version-check --constraint constraints.txt
unexport PYTHONDONTWRITEBYTECODE

# The tests of a file share what is made once for them, so they stay in one process.
PROCESSES := 2

PROJECT := pyproject.toml setup.py constraints.txt

.DEFAULT_GOAL := help
.PHONY: help reproduce test bench lint format clean

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*## /\t/' | expand -t 12

reproduce: $(VENV)/.installed  ## rebuild the reported tables into results/ (minutes)
	$(BIN)/weishang reproduce

test: lint  ## check style and types, then run the tests
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadfile

lint: $(VENV)/.installed-test  ## check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.installed-test  ## put the code in the house's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.installed-bench  ## compare speeds, side by side with other programs
	$(BIN)/weishang bench

clean:  ## remove the environment and the caches
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find model kernels experiments tests -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later, please")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(PROJECT) | $(BIN)/python
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-test: $(PROJECT) | $(BIN)/python
	$(PIP_INSTALL) --editable '.[test]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-bench: $(PROJECT) | $(BIN)/python
	$(PIP_INSTALL) --editable '.[bench]'
	@touch $(VENV)/.installed $@
