# Two commands do everything on a fresh machine: `make demo` and `make test`. Both install into .venv first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Two processes with one thread of torch each; the tests of a file share servers, and stay together.
PARALLEL := --numprocesses=2 --dist=loadfile --no-loadscope-reorder

export FLWR_TELEMETRY_ENABLED := 0
export FLWR_DISABLE_UPDATE_CHECK := 1
export RAY_USAGE_STATS_ENABLED := 0
export OMP_WAIT_POLICY := passive
export OMP_NUM_THREADS := 1
# Where a machine forbids to keep bytecode, every process compiles torch and Flower anew before it begins, which takes longer than most tests.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-all test-fast lint peers install clean

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[dev]'
	@touch $(STAMP)

install: $(STAMP)

demo: $(STAMP) ## A federation of ten tenants, two of them poisonous, on real data
	$(BIN)/flowstate simulate quickstart --out runs/demo --overwrite

test: $(STAMP) ## Every test but the longest, and those that start a whole deployment
	$(BIN)/python -m pytest $(PARALLEL) -m 'not deployment and not long'

test-all: test ## Those too, one after the other: they take minutes, and more than a busy machine has
	$(BIN)/python -m pytest -m 'deployment or long'

test-fast: $(STAMP) ## The tests that start no processes
	$(BIN)/python -m pytest $(PARALLEL) -m 'not slow and not long and not deployment'

lint: $(STAMP) ## Style, types and the arrows between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

peers: $(STAMP) ## Other aggregation libraries, for `flowstate bench aggregation` to compare with
	$(BIN)/python -m pip install --quiet --no-deps byzfl==0.0.11 # without torchvision, which brings another torch
	$(BIN)/python -m pip install --quiet scipy matplotlib seaborn
	-$(BIN)/python -m pip install --quiet --no-deps qora-fl

clean:
	rm -rf $(VENV) build dist *.egg-info runs
