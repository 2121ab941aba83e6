# `make run` and `make test` are all one needs; each target installs what it uses into .venv.
PYTHON ?= python3
BIN := .venv/bin
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
endif
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test check demo bench demo-head slow clean

run: .venv/installed  ## open the app on http://127.0.0.1:8501
	$(BIN)/streamlit run app.py --server.address 127.0.0.1 --server.port 8501

test: check  ## lint, formats, types, import contract, all tests
	$(BIN)/python -m pytest

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: .venv/installed  ## the main job on the built-in sample, on the command line
	$(BIN)/python -m core demo

bench: .venv/installed-dev  ## benchmarks, or one of them: make bench ONLY=agnews_vs_recipe
	$(BIN)/python -m tests.benchmarks $(ONLY)

slow: .venv/installed-dev  ## tests that train for minutes
	$(BIN)/python -m pytest -m slow --timeout 3600

demo-head: .venv/installed  ## make the small model that ships with the app again
	$(BIN)/python -m core.training.demo_head

clean:  ## forget the environment and the caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python .venv/Scripts/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | $(BIN)/python
	$(PIP) -r requirements.txt
	@touch $@

.venv/installed-dev: requirements.txt requirements-dev.txt | $(BIN)/python
	$(PIP) -r requirements-dev.txt
	@touch $@ .venv/installed
