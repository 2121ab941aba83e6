# `make run` and `make test` are all you need; each target installs what it uses into .venv.
PYTHON ?= python3
BIN := .venv/bin
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
endif
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help run test check faults load isolation audit demo bench demo-head showcase screenshots slow clean

help:  ## list the targets
	@$(PYTHON) -c "import re; [print(f'  {n:<12}{d}') for n, d in re.findall(r'^([a-z-]+):.*?## (.*)$$', open('Makefile').read(), re.M)]"

run: .venv/installed  ## open the app on http://127.0.0.1:8501
	$(BIN)/streamlit run app.py --server.address 127.0.0.1 --server.port 8501

test: check  ## lint, format, types, import contracts, all tests
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

check: .venv/installed-dev  ## the quick part of test: lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: .venv/installed  ## train, evaluate and predict with the built-in sample
	$(BIN)/python -m core demo

bench: .venv/installed-dev  ## benchmarks; one of them: make bench ONLY=agnews_vs_recipe
	$(BIN)/python -m tests.benchmarks $(ONLY)

slow: .venv/installed-dev  ## tests that train for minutes
	$(BIN)/python -m pytest -m slow --timeout 3600

faults: .venv/installed-dev  ## kill processes, fill disks, limit memory; FAULT_KILLS=3 for a short run
	$(BIN)/python -m pytest -m slow --timeout 900 tests/faults

load: .venv/installed-dev  ## 20 visitors and 2 browsers for 5 minutes; LOAD_SECONDS=60 for a short run
	$(BIN)/python -m pytest -m slow -s tests/load

isolation: .venv/installed-dev  ## attacks through a real nginx, scripts in every text
	$(BIN)/python -m pytest -m slow --timeout 600 tests/isolation

audit: .venv/installed-dev  ## security rules of ruff, bandit, known vulnerabilities of the dependencies
	$(PIP) -r requirements-audit.txt
	$(BIN)/ruff check app.py core pages
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml app.py core pages
	$(BIN)/pip-audit --requirement requirements.txt --no-deps --disable-pip

demo-head: .venv/installed  ## retrain the small model that ships with the app
	$(BIN)/python -m core.training.demo_head

showcase: .venv/installed  ## retrain the demo run whose numbers Home draws
	$(BIN)/python -m core.experiments.showcase

screenshots: .venv/installed-dev  ## retake the pictures of the README
	$(BIN)/python -m tests.browser.screenshots

clean:  ## delete the environment and the caches
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
