# Every developer command. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOAD := .venv-load
CLUSTER := .venv-cluster
OFFICIAL := .venv-official
DOCS := .venv-docs
CLOUD := .venv-cloud
JUDGE := .venv-spec
LOWEST := .venv-lowest
SECONDS ?= 600
SEED := $(or $(SEED),$(shell date +%s))
# Containers set it, and every process of the tests would compile the package again
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test coverage test-load test-cluster test-official test-cloud test-lowest test-spec test-drift fuzz kills check format lint types generate sync-spec spec-diff check-generated check-wheel lock clean bench docs docs-serve pictures

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Create the virtual environment; the other commands do so if it is missing

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@echo "Setting up $(VENV), once ..."
	@$(PYTHON) -m venv $(VENV)
	@# The lock is whole, so nothing is resolved: an older pip asks for the newest `coverage[toml]` beside the pinned coverage
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .
	@$(BIN)/python -m pip check -qq
	@touch $(READY)

demo: $(READY) ## Start the simulator, list, download a model and an adapter, verify both
	@$(BIN)/python -m tools.demo

# An environment with the package and what a lock has: its folder, the name of the lock.
define set_up
	@echo "Setting up $(1), once ..."
	@$(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/$(2).txt
	@$(1)/bin/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .
	@$(1)/bin/python -m pip check -qq
	@touch $(1)/.ready
endef

test: $(READY) ## Run the tests in random order; SEED=n repeats an order
	@echo "Order of the tests: SEED=$(SEED)"
	@$(BIN)/python -m pytest -q -n auto --randomly-seed=$(SEED) $(PYTEST)

coverage: PYTEST := --cov --cov-report=term:skip-covered
coverage: test ## Run the tests with branch coverage, which takes twice the time

# Apart, since torch takes most of a GB. Warnings there are of libraries that are not ours.
test-load: $(LOAD)/.ready ## Load downloaded weights with transformers and peft; in its own environment
	@HF_HUB_OFFLINE=1 $(LOAD)/bin/python -m pytest -q -W ignore --confcutdir=tests/load tests/load

$(LOAD)/.ready: requirements/load.txt requirements/torch.txt pyproject.toml
	@echo "Setting up $(LOAD), once ..."
	@$(PYTHON) -m venv $(LOAD)
	@$(LOAD)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/load.txt
	@$(LOAD)/bin/python -m pip install -qq --disable-pip-version-check -r requirements/torch.txt
	@$(LOAD)/bin/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .
	@$(LOAD)/bin/python -m pip check -qq
	@touch $(LOAD)/.ready

# Apart, since Dask is not needed by anything else.
test-cluster: $(CLUSTER)/.ready ## Download on a Dask cluster of two processes, one of which is killed; in its own environment
	@$(CLUSTER)/bin/python -m pytest -q -W ignore --confcutdir=tests/cluster tests/cluster

$(CLUSTER)/.ready: requirements/cluster.txt pyproject.toml
	$(call set_up,$(CLUSTER),cluster)

test-official: $(READY) $(OFFICIAL)/.ready ## Run the official clients (Python 1.5.35 and 3.1.1, npm 0.52) against the simulator, each in its own environment
	@OFFICIAL_CLIENTS=$(OFFICIAL) $(BIN)/python -m pytest -q -n auto tests/official

$(OFFICIAL)/.ready: requirements/official-1.txt requirements/official-3.txt tests/official/node/package-lock.json
	@echo "Setting up $(OFFICIAL), once ..."
	@for version in 1 3; do \
		$(PYTHON) -m venv $(OFFICIAL)/$$version && $(OFFICIAL)/$$version/bin/python -m pip install -qq \
			--disable-pip-version-check --no-deps --require-hashes -r requirements/official-$$version.txt || exit 1; \
	done
	@mkdir -p $(OFFICIAL)/node && cp tests/official/node/package*.json $(OFFICIAL)/node
	@if command -v npm >/dev/null; then npm --prefix $(OFFICIAL)/node ci --silent --no-audit --no-fund; \
		else echo "npm was not found: the Node client is not tested"; fi
	@touch $(OFFICIAL)/.ready

test-cloud: $(CLOUD)/.ready $(CLOUD)/node/.ready ## Save weights in servers of object stores; in its own environment
	@$(CLOUD)/bin/python -m pytest -q -W ignore --confcutdir=tests/cloud --randomly-seed=$(SEED) tests/cloud

$(CLOUD)/.ready: requirements/cloud.txt pyproject.toml
	$(call set_up,$(CLOUD),cloud)

# Azurite, 190 MB of packages. Without npm the rule is tried again next time.
$(CLOUD)/node/.ready: tests/cloud/node/package-lock.json | $(CLOUD)/.ready
	@mkdir -p $(CLOUD)/node && cp tests/cloud/node/package*.json $(CLOUD)/node
	@if command -v npm >/dev/null; then \
		npm --prefix $(CLOUD)/node ci --silent --ignore-scripts --no-audit --no-fund && touch $@; \
	else echo "npm was not found: Azure is not tested"; fi

test-lowest: $(LOWEST)/.ready ## Run part of the tests with the lowest versions of the dependencies; in its own environment
	@$(LOWEST)/bin/python -m pytest -q -n auto -W ignore --randomly-seed=$(SEED) tests/wire tests/integration/test_cli.py \
		tests/integration/test_cli_failures.py tests/integration/test_download_extract.py tests/integration/test_fine_tuning.py \
		tests/integration/test_environment.py tests/integration/test_metrics.py tests/integration/test_objects.py \
		tests/integration/test_uploads.py
	@$(LOWEST)/bin/python -m pytest -q -W ignore --confcutdir=tests/cluster --randomly-seed=$(SEED) tests/cluster

$(LOWEST)/.ready: requirements/lowest.txt pyproject.toml
	$(call set_up,$(LOWEST),lowest)

test-spec: $(READY) $(JUDGE)/.ready ## Test the simulator against openapi.yaml with schemathesis; EXAMPLES=n for random requests
	@$(BIN)/python -m tools.judge $(JUDGE)/bin/schemathesis $(or $(EXAMPLES),10 --generation-deterministic)

$(JUDGE)/.ready: requirements/spec.txt
	@echo "Setting up $(JUDGE), once ..."
	@$(PYTHON) -m venv $(JUDGE)
	@$(JUDGE)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/spec.txt
	@$(JUDGE)/bin/python -m pip check -qq
	@touch $(JUDGE)/.ready

test-drift: $(READY) ## Test the sync with over a hundred changes of the public specification: UPSTREAM=path
	@test -n "$(UPSTREAM)" || { echo "make test-drift UPSTREAM=path, to the specification of openapi.yaml"; exit 2; }
	@TOGETHER_EXT_UPSTREAM="$(UPSTREAM)" $(BIN)/python -m pytest -q -n auto tests/spec

fuzz: $(READY) ## Test each property with a thousand examples, then parse damaged archives, receipts and headers for SECONDS=600
	@$(BIN)/python -m pytest -q -n auto -m hypothesis --hypothesis-profile=thorough
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@$(BIN)/python -m tools.fuzz $(SECONDS)

kills: $(READY) ## Kill a hundred downloads, half of them in another PID namespace, and run them again; requires root
	@$(BIN)/python -m tools.kills 100

docs: $(READY) $(DOCS)/.ready ## Build the documentation site into site/; broken links and warnings fail
	@$(BIN)/python -m tools.pictures --check
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs build --quiet --strict --clean

docs-serve: $(DOCS)/.ready ## Serve the documentation site on this machine, rebuilt on each change
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs serve --dev-addr 127.0.0.1:8000

$(DOCS)/.ready: requirements/docs.txt pyproject.toml
	$(call set_up,$(DOCS),docs)

pictures: $(READY) ## Generate the images of README and docs: the command line, badges, and the plot of the benchmarks
	@$(BIN)/python -m tools.pictures

check: $(READY) lint types check-generated ## Check the format, lint, types and generated code

format: $(READY) ## Format the code
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format --quiet

lint: $(READY)
	@$(BIN)/ruff format --check --quiet || { echo "run 'make format'"; exit 1; }
	@$(BIN)/ruff check

types: $(READY)
	@$(BIN)/mypy
	@$(BIN)/python -m tools.docs.blocks build/blocks
	@$(BIN)/mypy build/blocks
	@$(BIN)/python -m tools.user_types

generate: $(READY) ## Regenerate the client from openapi.yaml, and the JSON Schemas of the command line
	@$(BIN)/python -m tools.generate
	@$(BIN)/python -m tools.json_schemas

sync-spec: $(READY) ## Generate openapi.yaml and the client from a public specification: UPSTREAM=path, COMMIT=hash, FRAGMENTS=folder
	@test -n "$(UPSTREAM)" || { echo "make sync-spec UPSTREAM=path, to a public specification"; exit 2; }
	@$(BIN)/python -m tools.spec sync "$(UPSTREAM)" $(if $(COMMIT),--commit "$(COMMIT)") $(if $(FRAGMENTS),--fragments "$(FRAGMENTS)")
	@$(BIN)/python -m tools.json_schemas

# For a person: that something breaks (1) is no error of the command. CI calls `python -m tools.spec diff OLD NEW --json`.
spec-diff: $(READY) ## Report changes between specifications, and what they break: OLD=path NEW=path, or FRAGMENTS=path
	@test -n "$(OLD)" -a -n "$(NEW)$(FRAGMENTS)" || { echo "make spec-diff OLD=path NEW=path (or FRAGMENTS=path)"; exit 2; }
	@$(BIN)/python -m tools.spec diff "$(OLD)" "$(or $(FRAGMENTS),$(NEW))" || test $$? -eq 1

check-generated: $(READY) ## Check that the committed client and JSON Schemas match openapi.yaml
	@$(BIN)/python -m tools.check_generated
	@$(BIN)/python -m tools.json_schemas --check

check-wheel: $(READY) ## Build the wheel and use it in an empty environment
	@PYTHON="$(PYTHON)" BIN="$(BIN)" tools/check-wheel

lock: $(READY) ## Update the pins of the development requirements, with hashes
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --extra objects --extra plot --extra simulator --extra socks --generate-hashes \
		--no-annotate --no-header --no-emit-index-url -o requirements/dev.txt pyproject.toml requirements/dev.in
	@# Without torch and its GPU libraries: requirements/torch.txt says why
	@echo 'torch; python_version < "3"' | $(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 \
		--extra simulator --generate-hashes --no-annotate --no-header --no-emit-index-url --override - \
		--constraint requirements/dev.txt -o requirements/load.txt pyproject.toml requirements/load.in
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --extra simulator --constraint requirements/dev.txt -o requirements/docs.txt pyproject.toml requirements/docs.in
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --extra simulator --extra dask --constraint requirements/dev.txt -o requirements/cluster.txt pyproject.toml requirements/cluster.in
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --extra objects --extra simulator \
		--generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements/cloud.txt pyproject.toml requirements/cloud.in
	@grep -E '^(editables|hatchling|hypothesis|jsonschema-rs|pytest[a-z-]*|pyyaml|trio)==' requirements/dev.txt | sed 's/ .*//' | \
		$(BIN)/uv pip compile --quiet --universal --resolution lowest-direct --python-version 3.11 --all-extras \
		--generate-hashes --no-annotate --no-header --no-emit-index-url --constraint - -o requirements/lowest.txt \
		pyproject.toml requirements/lowest.in
	@for name in fuzz official-1 official-3 spec; do \
		$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes --no-annotate \
			--no-header --no-emit-index-url -o requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

bench: $(READY) ## Benchmark together-ext, curl, aria2c and the official SDKs; writes benchmarks/RESULTS.md
	@$(BIN)/python -m benchmarks $(BENCH)
	@$(BIN)/python -m tools.pictures

clean: ## Remove everything that these commands create
	@rm -rf $(VENV) $(LOAD) $(CLUSTER) $(OFFICIAL) $(DOCS) $(CLOUD) $(LOWEST) $(JUDGE) site .fuzz build dist demo .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
