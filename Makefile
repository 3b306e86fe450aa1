# One command for everything.  `make demo` and `make test` need Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SEED   ?= 7
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: all setup demo test thorough judges bench lint format golden docs sim clean

all: format lint test

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "dibs needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing dibs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing what the tests and checks need ..."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,lint]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-dev
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	@touch $@

setup: $(VENV)/.installed-dev

demo: $(VENV)/.installed
	@$(BIN)/dibs run examples/stargate --out out/stargate

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist worksteal

judges:
	@.ci/judges

thorough: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/properties/settle --hypothesis-profile=thorough --timeout=1200

sim: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/simulation -k seeds --seed $(SEED)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-bench
	$(BIN)/python -m bench

golden: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests --golden

docs: $(VENV)/.installed-dev
	$(BIN)/python docs/generate.py
	$(BIN)/python tools/client.py

clean:
	rm -rf $(VENV) .judges out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
