# Each target does its own set-up, in .venv; nothing but make and Python >= 3.11 has to be there.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$name && break; done)

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
CLI := $(BIN)/fullon-cache-api
PIP := $(PY) -m pip --disable-pip-version-check --quiet

# One stamp for each thing that is installed: a second run finds it newer than pyproject.toml and goes on.
VENV_READY := $(VENV)/.ready
RUN_READY := $(VENV)/.ready-run
TEST_READY := $(VENV)/.ready-test
CHECK_READY := $(VENV)/.ready-check
SLOW_READY := $(VENV)/.ready-slow
BROWSER_READY := $(VENV)/.ready-browser
FUZZ_READY := $(VENV)/.ready-fuzz
BENCH_READY := $(VENV)/.ready-bench
MUTANTS_READY := $(VENV)/.ready-mutants

WORKERS = $(or $(API_WORKERS),$(shell $(PY) -c 'import os; print(os.cpu_count() or 1)'))
# One more than there are cores: tests wait for servers, deadlines and pauses half of their time.
TEST_PROCESSES ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
PYTEST_ARGS ?=
BENCH_ARGS ?=
EXAMPLES ?= 50
MINUTES ?= 10
SEED ?= 1
PART ?= http
TENTHS ?= 10

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run dev prod test test-cov test-slow test-browser fuzz mutants lint format check bench bench-guard soak openapi client docs clean failure-modes

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /\1\t/' \
	| while IFS="$$(printf '\t')" read -r target text; do printf '  %-14s %s\n' "$$target" "$$text"; done

setup: $(RUN_READY) $(TEST_READY) $(CHECK_READY) ## Install everything that run, test and check need

run: $(RUN_READY) ## Serve the Redis of REDIS_URL or REDIS_HOST, else sample data
	@$(CLI) run

dev: $(RUN_READY) ## The same, and start again when the code or the spec changes
	@LOG_FORMAT=$${LOG_FORMAT:-development} $(CLI) run --reload

prod: $(RUN_READY) ## Serve with API_WORKERS processes, else one for each core
	@$(CLI) serve --workers $(WORKERS)

test: $(TEST_READY) ## Run the tests on all cores
	$(PY) -m pytest -n $(TEST_PROCESSES) --dist worksteal $(PYTEST_ARGS)

test-cov: $(TEST_READY) ## The same, with a report in htmlcov/; fails below 95 % branch coverage, and takes twice as long
	$(PY) -m pytest -n $(TEST_PROCESSES) --dist worksteal --cov --cov-report=term --cov-report=html $(PYTEST_ARGS)

test-slow: $(SLOW_READY) ## Run the tests that take longer: commands that serve, each failure of Redis, Sentinels, clusters, examples
	$(PY) -m pytest -n $(TEST_PROCESSES) --dist worksteal -m slow $(PYTEST_ARGS)

test-browser: $(BROWSER_READY) ## Open the pages in headless Chromium (needs chromium and chromedriver)
	$(PY) -m pytest -m browser $(PYTEST_ARGS)

fuzz: $(FUZZ_READY) ## Fuzz the running demo with schemathesis, EXAMPLES=500 for each endpoint
	FUZZ_EXAMPLES=$(EXAMPLES) $(PY) -m pytest -n auto -rP -m fuzz -o faulthandler_timeout=0 $(PYTEST_ARGS)

mutants: $(MUTANTS_READY) ## Change the code of PART=auth|cache|http|spec in small ways; fails where tests notice fewer than 85 %; TENTHS=1 for a tenth
	@$(PY) tests/mutants.py $(PART) --tenths $(TENTHS)

lint: $(CHECK_READY) ## Find mistakes of style
	$(BIN)/ruff check .

format: $(CHECK_READY) ## Write the code in its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: $(CHECK_READY) ## Style, types, imports, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

failure-modes: $(TEST_READY) ## Make every failure of Redis, and write what is measured to docs/failure-modes.md
	PYTHONPATH=tests $(PY) tests/failures/table.py

bench: $(BENCH_READY) ## Compare requests/s with a bare uvicorn and others (needs wrk); BENCH_ARGS=--quick for a short run
	@$(PY) bench/run.py $(BENCH_ARGS)

bench-guard: $(BENCH_READY) ## Fail when the gateway has become slower in relation to a bare uvicorn
	@$(PY) bench/guard.py

soak: $(BENCH_READY) ## Load the gateway for MINUTES=10 while Redis and the network fail; checks every answer, memory, descriptors
	@PYTHONPATH=tests $(PY) soak/run.py --minutes $(MINUTES) --seed $(SEED)

openapi: $(RUN_READY) ## Write the OpenAPI document to build/openapi.json and build/openapi.yaml
	@mkdir -p build
	@$(CLI) openapi --format json -o build/openapi.json
	@$(CLI) openapi --format yaml -o build/openapi.yaml
	@echo build/openapi.json build/openapi.yaml

client: $(RUN_READY) ## Write the package's Python client from endpoints.yaml
	@$(CLI) client --spec endpoints.yaml -o src/fullon_cache_api/client/endpoints.py

docs: $(TEST_READY) ## Write README's tables
	@$(PY) tests/readme_tables.py

clean: ## Remove everything that was made here, .venv too
	rm -rf $(VENV) .cache build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache bench/results soak/results
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV_READY):
	@$(if $(PYTHON),,echo "Python 3.11 or newer is needed" >&2; exit 1)
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade "pip>=25.1"
	@touch $@

$(RUN_READY): $(VENV_READY) pyproject.toml
	@echo "Installing the gateway"
	@$(PIP) install --editable ".[docs,embedded]"
	@touch $@

$(TEST_READY): $(RUN_READY)
	@echo "Installing what the tests need"
	@$(PIP) install --editable ".[all]" --group test
	@touch $@

$(CHECK_READY): $(TEST_READY)
	@echo "Installing what the checks need"
	@$(PIP) install --group check
	@touch $@

$(SLOW_READY): $(TEST_READY)
	@$(PIP) install --group slow
	@touch $@

$(BROWSER_READY): $(TEST_READY)
	@$(PIP) install --group browser
	@touch $@

$(FUZZ_READY): $(TEST_READY)
	@$(PIP) install --group fuzz
	@touch $@

$(BENCH_READY): $(TEST_READY)
	@$(PIP) install --group bench
	@touch $@

$(MUTANTS_READY): $(TEST_READY)
	@$(PIP) install --group mutants
	@touch $@
