# Every target prepares .venv first; nothing asks for root or installs outside this checkout and a cache.
PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
BENCH_JAR := benchmarks/kafka_streams/target/kafka-streams-peer.jar
BIN := $(VENV)/bin
LOCK := requirements.lock
UV_VERSION := 0.13.9
export UV_LINK_MODE ?= copy
# Compiled modules are kept, whatever the shell says: the loop and the tests start many processes, and to compile what
# it imports takes each of them longer than all the rest of its start. `make clean` removes them.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup lock demo up kafka test test-faults lint format bench contract client clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## prepare .venv with the locked versions

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "closeloop needs Python 3.11 or newer; this is $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.ready: $(BIN)/uv pyproject.toml clients/python/pyproject.toml $(LOCK)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(LOCK)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e clients/python -e .
	@touch $@

lock: $(BIN)/uv ## resolve the dependencies again into requirements.lock and those of the image
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-package closeloop-client \
	  --no-annotate --no-header --group dev --all-extras --output-file $(LOCK) pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-package closeloop-client \
	  --no-annotate --no-header --constraint $(LOCK) --extra otel --output-file deploy/requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group build --output-file deploy/build.lock

demo: setup ## run the whole loop with a simulated shop: http://127.0.0.1:8080
	$(BIN)/closeloop demo

up: setup ## run every room against the local Kafka (Maven jars, needs a JDK) and SQLite
	$(BIN)/closeloop up --broker local --data-dir .closeloop

kafka: setup ## run a real Apache Kafka on 127.0.0.1 (needs a JDK and mvn)
	$(BIN)/closeloop kafka --data-dir .closeloop/kafka

# Each worker takes a file at a time, in the order of one process, with brokers and databases of its own. WORKERS=0: one.
WORKERS ?= 2
test: setup ## all tests but the slow fault runs, two files at a time
	$(BIN)/python -m pytest -m "not faults" -n $(WORKERS) --dist loadfile --no-loadscope-reorder

ROUNDS ?= 10
test-faults: setup ## kill -9, broker restarts, Slack faults: slow; ROUNDS=60 for more rounds on three brokers
	FAULT_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest -m faults --timeout 900 --durations 15 \
	  -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: setup ## ruff, mypy strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## format and sort the imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

contract: setup ## write docs/contract/ from the structs, and the JavaScript client's types from it
	$(BIN)/closeloop contract --write docs/contract
	$(BIN)/python clients/js/build.py

client: setup ## write what is generated in clients/js: types, labels, bundles
	$(BIN)/python clients/js/build.py

# ONLY=closeloop,bytewax measures these alone, ONLY=profile says where our worker's time goes; BENCH_* sets the sizes.
bench: setup $(BENCH)/.ready $(BENCH_JAR) ## measure against peers: benchmarks/RESULTS.md and results.png (25 minutes)
	$(BIN)/python -m benchmarks

$(BENCH_JAR): $(wildcard benchmarks/kafka_streams/pom.xml benchmarks/kafka_streams/src/main/java/closeloop/bench/*.java)
	mvn -q -B -f benchmarks/kafka_streams/pom.xml package

$(BENCH)/.ready: $(BIN)/uv benchmarks/requirements.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(BENCH)
	$(BIN)/uv pip install --quiet --python $(BENCH)/bin/python -r benchmarks/requirements.txt
	@touch $@

clean: ## remove .venv, caches and local data
	rm -rf $(VENV) $(BENCH) benchmarks/kafka_streams/target .closeloop .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
