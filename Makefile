# Every developer command. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOAD := .venv-load
OFFICIAL := .venv-official
SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-load test-official test-drift fuzz check format lint types generate sync-spec spec-diff check-generated check-wheel lock clean bench

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

# Apart, since torch takes most of a GB. Warnings there are of libraries that are not ours.
test-load: $(LOAD)/.ready ## Load downloaded weights with transformers and peft; sets up an environment of its own
	@HF_HUB_OFFLINE=1 $(LOAD)/bin/python -m pytest -q -W ignore tests/load

$(LOAD)/.ready: requirements/load.txt requirements/torch.txt pyproject.toml
	@echo "Setting up $(LOAD), once ..."
	@$(PYTHON) -m venv $(LOAD)
	@$(LOAD)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/load.txt
	@$(LOAD)/bin/python -m pip install -qq --disable-pip-version-check -r requirements/torch.txt
	@$(LOAD)/bin/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .
	@$(LOAD)/bin/python -m pip check -qq
	@touch $(LOAD)/.ready

test-official: $(READY) $(OFFICIAL)/.ready ## Let the official clients 1.5.35 and 3.1.1 talk to the simulator, each in an environment of its own
	@OFFICIAL_CLIENTS=$(OFFICIAL) $(BIN)/python -m pytest -q tests/official

$(OFFICIAL)/.ready: requirements/official-1.txt requirements/official-3.txt
	@echo "Setting up $(OFFICIAL), once ..."
	@for version in 1 3; do \
		$(PYTHON) -m venv $(OFFICIAL)/$$version && $(OFFICIAL)/$$version/bin/python -m pip install -qq \
			--disable-pip-version-check --no-deps --require-hashes -r requirements/official-$$version.txt || exit 1; \
	done
	@touch $(OFFICIAL)/.ready

test-drift: $(READY) ## Try sixty changes on a public specification, and a sync after each: UPSTREAM=path
	@test -n "$(UPSTREAM)" || { echo "make test-drift UPSTREAM=path, to the specification of openapi.yaml"; exit 2; }
	@TOGETHER_EXT_UPSTREAM="$(UPSTREAM)" $(BIN)/python -m pytest -q -n auto tests/spec

fuzz: $(READY) ## Throw damaged archives, receipts and headers at their readers, for SECONDS=600
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@$(BIN)/python -m tools.fuzz $(SECONDS)

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

sync-spec: $(READY) ## Make openapi.yaml and the client from a public specification: UPSTREAM=path
	@test -n "$(UPSTREAM)" || { echo "make sync-spec UPSTREAM=path, to a public specification"; exit 2; }
	@$(BIN)/python -m tools.spec sync "$(UPSTREAM)"

# make itself exits with 2 whatever happens; CI calls `python -m tools.spec diff OLD NEW --json`: 0, 1 or 2.
spec-diff: $(READY) ## Tell what changed between specifications, and whom it breaks: OLD=path NEW=path
	@test -n "$(OLD)" -a -n "$(NEW)" || { echo "make spec-diff OLD=path NEW=path"; exit 2; }
	@$(BIN)/python -m tools.spec diff "$(OLD)" "$(NEW)"

check-generated: $(READY) ## See that the committed client is what openapi.yaml asks for
	@$(BIN)/python -m tools.check_generated

check-wheel: $(READY) ## Build the wheel and use it in an empty environment
	@PYTHON="$(PYTHON)" BIN="$(BIN)" tools/check-wheel

lock: $(READY) ## Pin the development requirements anew, with hashes
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --all-extras --generate-hashes \
		--no-annotate --no-header --no-emit-index-url -o requirements/dev.txt pyproject.toml requirements/dev.in
	@# Without torch and its GPU libraries: requirements/torch.txt says why
	@echo 'torch; python_version < "3"' | $(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 \
		--extra simulator --generate-hashes --no-annotate --no-header --no-emit-index-url --override - \
		--constraint requirements/dev.txt -o requirements/load.txt pyproject.toml requirements/load.in
	@for name in fuzz official-1 official-3; do \
		$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes --no-annotate \
			--no-header --no-emit-index-url -o requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

bench: $(READY) ## Measure side by side with curl, aria2c and the official SDKs; writes benchmarks/RESULTS.md
	@$(BIN)/python -m benchmarks $(BENCH)

clean: ## Remove what the commands leave behind
	@rm -rf $(VENV) $(LOAD) $(OFFICIAL) .fuzz build dist demo .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
