# The whole developer interface; the automatic checks call the same verbs.

PYTHON ?= python3
UV ?= uv

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo setup check test soak docs bench lock clean

help: ## list the verbs (the default)
	@echo "usage: make VERB [PYTHON=python3.12]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/  \1	\2/p' Makefile

demo: $(READY) ## a fleet of televisions learns together, in a minute; DATA=folder for MovieLens
	$(BIN)/omega demo $(if $(DATA),--data "$(DATA)")

setup: $(DEV) ## make .venv with the pinned, hashed requirements and the project itself

$(READY): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "make: '$(PYTHON)' was not found. Install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv), or name one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: '$(PYTHON)' is $$($(PYTHON) --version 2>&1); Python 3.11 or newer is needed. Name one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: '$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@echo "installing what runs into $(VENV): a minute, once"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.txt $(READY)
	@echo "installing what checks and tests into $(VENV): a minute, once"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

check: $(DEV) ## form, lint, types, import direction
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(DEV) ## every test
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest

soak: $(DEV) ## kills, power cuts and rot by the thousand; half an hour
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -m soak

docs: $(DEV) ## write docs/commands.md, run the examples and all that keeps the documents true
	$(BIN)/python docs/commands.py
	$(BIN)/pytest tests/meta README.md docs

bench: $(DEV) ## measure, and print the tables
	$(BIN)/python benchmarks/run.py

# Needs uv. requirements.txt is what runs, requirements-dev.txt adds what checks and tests.
# Versions already there are kept unless UPGRADE=1. The files name no index: neither a host
# nor a path may be written, and the last line makes sure of it.
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --fork-strategy fewest

lock: ## rewrite the pinned requirements from pyproject.toml (needs uv; UPGRADE=1 for newer)
	@command -v $(UV) >/dev/null 2>&1 || { \
		echo "make: '$(UV)' was not found. Install uv, or name it: make lock UV=path/to/uv" >&2; exit 1; }
	$(UV) $(LOCK) --extra sim --extra build $(if $(UPGRADE),--upgrade) \
		--output-file requirements.txt pyproject.toml
	$(UV) $(LOCK) --all-extras --constraint requirements.txt $(if $(UPGRADE),--upgrade) \
		--output-file requirements-dev.txt pyproject.toml
	@if grep -nE '://|^-|^/| @ ' requirements.txt requirements-dev.txt; then \
		echo "make: the requirements name a place (above); they may only name versions and hashes" >&2; exit 1; fi

clean: ## remove everything that make made
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
