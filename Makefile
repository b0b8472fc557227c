# The doors of the suite. Each target can be run again and again; what is up to date is not done twice.
# Without make, the same commands work by hand: README.md, "Without make".

PYTHON ?= python3
BIN := .venv/bin
FLAGS ?=
RUNS ?= 100
JOBS ?= 1
USERS ?= 30
WORKERS ?= 2
RUN_TIME ?= 2m
REPEATS ?= 5
CONDITIONS ?= 100
DIALECT ?= story

FOREIGN := tests/foreign
STUBS := $(patsubst %.proto,%_pb2.py,$(wildcard protos/*.proto))

# Whole: it was made here, has a Python that will do and pip, and no install was cut off. Anything else is made again.
WHOLE := $(shell test ! -e .venv/installing && grep -qsF "$(CURDIR)/.venv/bin/" .venv/bin/pip && \
	$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo yes)

.PHONY: acceptance test faults soak bench load clean help
ifneq ($(WHOLE),yes)
.PHONY: $(BIN)/python
endif

# What pip takes from file $(1), its hashes checked; where pip is killed, `installing` stays behind.
install = @touch .venv/installing; trap 'exit 130' INT TERM; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(1:.txt=.lock) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $(1); status=$$?; \
	rm .venv/installing; [ $$status -eq 0 ] || exit $$status; touch $@

## acceptance: the suite against the embedded Focus Server, or the one in FOCUS_SERVER_URL; FLAGS are passed to behave
acceptance: .venv/installed $(STUBS)
	@exec $(BIN)/python -m support.reporting.acceptance $(FLAGS)

# Hundreds of processes import the same modules: those are compiled once.
test: export PYTHONDONTWRITEBYTECODE =
## test: lint, types, schemas, and the tests of the library with coverage
test: .venv/installed-dev $(STUBS) $(FOREIGN)/node_modules/.package-lock.json
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/behave-format --quiet --check features
	$(BIN)/buf lint
	$(BIN)/buf breaking --against protos/baseline.txtpb
	$(BIN)/mypy
	$(BIN)/coverage erase
	$(BIN)/pytest --numprocesses 4 --dist worksteal --cov --cov-report=term

## faults: the criteria against every fault and variant of DIALECT, CONDITIONS faults under conditions; reports/fault-matrix.md
faults: .venv/installed
	@$(BIN)/python -m proving.fault_matrix --dialect $(DIALECT) --conditions $(CONDITIONS) $(if $(SEED),--seed $(SEED))

## soak: the suite RUNS times over, JOBS at a time; reports/soak.md
soak: .venv/installed
	@$(BIN)/python -m proving.soak --runs $(RUNS) --jobs $(JOBS)

## load: USERS windows at once on WORKERS processes of Locust, for RUN_TIME; WEB=1: with its page; reports/load/
load: .venv/installed-load
	@$(BIN)/python -m load --users $(USERS) --workers $(WORKERS) --run-time $(RUN_TIME) $(if $(WEB),--web)

## bench: what receiving, decoding and judging cost, side by side, REPEATS turns each; reports/bench.md
bench: .venv/installed $(STUBS)
	@$(BIN)/python -m proving.bench --repeats $(REPEATS)

## clean: everything that the other targets made
clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* *.egg-info
	rm -rf support/reporting/page/node_modules $(FOREIGN)/node_modules
	find reports -mindepth 1 ! -name README.md -exec rm -rf {} +

## help: this list
help:
	@awk -F': ' '/^## / { printf "make %-11s %s\n", substr($$1, 4), substr($$0, length($$1) + 3) }' Makefile

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer, or name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: name a newer one with PYTHON=..." >&2; exit 1; }
	@[ ! -e .venv ] || echo ".venv is half made, or was made elsewhere or for another Python: it is made again"
	@$(PYTHON) -m venv --clear .venv || { rm -rf .venv; echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: python3-venv)" >&2; exit 1; }

.venv/installed: $(BIN)/python requirements.txt requirements.lock constraints.txt pyproject.toml
	$(call install,requirements.txt)

.venv/installed-load: .venv/installed requirements-load.txt requirements-load.lock
	$(call install,requirements-load.txt)

.venv/installed-dev: .venv/installed requirements-dev.txt requirements-dev.lock requirements-load.txt
	$(call install,requirements-dev.txt)

# A server in Node.js for some tests, which are skipped where its packages are not there.
$(FOREIGN)/node_modules/.package-lock.json: $(FOREIGN)/package-lock.json
	@! command -v npm >/dev/null || (cd $(FOREIGN) && npm ci --silent && touch node_modules/.package-lock.json) || \
		echo "no npm packages for $(FOREIGN): its tests are skipped"

$(STUBS): protos/%_pb2.py: protos/%.proto scripts/generate_proto.sh .venv/installed
	PYTHON=$(BIN)/python scripts/generate_proto.sh
	@touch $(STUBS)
