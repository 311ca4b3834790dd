# dasprep-tui: `make run` opens the lab, `make test` runs every test. Both install what they need
# into .venv first (Python 3.11 or newer, make and a package index are all it takes).

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# What a first look should have: a shard that fills, and shards that can be split.
FIRST_LAB := --view kinesis --limits on --shards 6 --key country --rate 2100

.PHONY: run test soak lint bench demos kafka install lock clean help
.DEFAULT_GOAL := help

help: ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## make .venv with everything pinned

$(STAMP): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "dasprep-tui needs Python 3.11 or newer; none was found." >&2; \
		echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "The virtual environment could not be made: is Python's venv module installed?" >&2; exit 2; }
	@echo "installing the pinned packages into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

run: $(STAMP) ## open the lab: Kinesis shards, one of them hot (ARGS="--shards 12" has others)
	@$(BIN)/dasprep-tui $(if $(ARGS),$(ARGS),$(FIRST_LAB))

test: $(STAMP) ## run every test (ARGS="-k windows" chooses)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

soak: $(STAMP) ## run the long tests: millions of records, hostile bytes, killed nodes, Java tools (minutes)
	@$(BIN)/python -m pytest -m soak $(ARGS)

lint: $(STAMP) ## ruff, strict types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

demos: $(STAMP) ## play every shipped tape and film it into docs/demos (a quarter of an hour)
	@$(BIN)/python -m tui.demos $(ARGS)

kafka: $(STAMP) ## run a real Apache Kafka of three nodes here (ARGS="--help"; needs Java 17 and Maven)
	@$(BIN)/python tests/apache_kafka $(ARGS)

bench: $(STAMP) ## measure against other designs, side by side
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## resolve requirements.txt anew (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-header \
		--python-version 3.11 --no-annotate --output-file requirements.txt --upgrade

clean: ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
