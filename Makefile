# Every developer command. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format lint types generate check-generated check-wheel lock clean bench

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make the virtual environment; the other commands do it when they need to

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@echo "Setting up $(VENV), once ..."
	@$(PYTHON) -m venv $(VENV)
	@# The lock is whole, so nothing is resolved: an older pip asks for the newest `coverage[toml]` beside the pinned coverage
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .
	@$(BIN)/python -m pip check -qq
	@touch $(READY)

demo: $(READY) ## Start the simulator, list, download a model and an adapter, check both
	@$(BIN)/python -m tools.demo

test: $(READY) ## Run the tests, with branch coverage
	@$(BIN)/python -m pytest -q -n auto --cov --cov-report=term:skip-covered

check: $(READY) lint types check-generated ## Format, lint, types, generated code

format: $(READY) ## Put the code into shape
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format --quiet

lint: $(READY)
	@$(BIN)/ruff format --check --quiet || { echo "run 'make format'"; exit 1; }
	@$(BIN)/ruff check

types: $(READY)
	@$(BIN)/mypy

generate: $(READY) ## Regenerate the client from openapi.yaml
	@$(BIN)/python -m tools.generate

check-generated: $(READY) ## See that the committed client is what openapi.yaml asks for
	@$(BIN)/python -m tools.check_generated

check-wheel: $(READY) ## Build the wheel and use it in an empty environment
	@PYTHON="$(PYTHON)" BIN="$(BIN)" tools/check-wheel

lock: $(READY) ## Pin the development requirements anew, with hashes
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --all-extras --generate-hashes \
		--no-annotate --no-header --no-emit-index-url -o requirements/dev.txt pyproject.toml requirements/dev.in

bench: $(READY) ## Measure side by side with curl, aria2c and the official SDKs; writes benchmarks/RESULTS.md
	@$(BIN)/python -m benchmarks $(BENCH)

clean: ## Remove what the commands leave behind
	@rm -rf $(VENV) build dist demo .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
