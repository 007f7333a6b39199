# Everything the project can do, from any folder: make -C path/to/dnt-cli help
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
M ?= 50
# A full rerun of another study: make all DATA=survey.csv STUDY=study.toml RESULTS=out
DATA ?=
STUDY ?= src/dnt_cli/studies/dnt.toml
RESULTS ?= results
# Work and income by `dnt polis`, or a CSV with id and wave; the example makes its own.
REGISTER ?=
DNT := .venv/bin/dnt

export PYTHON

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# --- the analysis ----------------------------------------------------------------------------------------------------

demo: all ## Set up, write the example data, run the five stages, show the tables
	@for stage in description imputed t3 longitudinal robustness; do $(DNT) show "$(RESULTS)/$$stage.parquet" || exit 1; done
	@$(DNT) show "$(RESULTS)/t3.parquet" "$(RESULTS)/longitudinal.parquet" --figure "$(RESULTS)/effects.svg"

all: $(RESULTS)/description.parquet $(RESULTS)/t3.parquet $(RESULTS)/longitudinal.parquet $(RESULTS)/robustness.parquet ## Rerun what is out of date: DATA, STUDY, M, RESULTS

ifeq ($(DATA),)
REGISTER = $(RESULTS)/register.parquet

$(RESULTS)/survey.parquet: $(STUDY) | .venv/.runtime
	@mkdir -p "$(RESULTS)"
	$(DNT) example -o "$@" --force

$(RESULTS)/register.parquet: $(STUDY) | .venv/.runtime
	@mkdir -p "$(RESULTS)"
	$(DNT) polis --example "$(RESULTS)/records" --force >/dev/null
	$(DNT) polis "$(RESULTS)/records" --link "$(RESULTS)/records/link.csv" --study "$(STUDY)" --set synthetic=true -o "$@" --force >/dev/null
else
$(RESULTS)/survey.parquet: $(DATA) $(STUDY) | .venv/.runtime
	@mkdir -p "$(RESULTS)"
	$(DNT) convert "$(DATA)" --study "$(STUDY)" -o "$@" --force
endif

$(RESULTS)/description.parquet: $(RESULTS)/survey.parquet | .venv/.runtime
	$(DNT) describe "$<" -o "$@" --force >/dev/null

$(RESULTS)/imputed.parquet: $(RESULTS)/survey.parquet $(REGISTER) | .venv/.runtime
	$(DNT) impute "$<" -m $(M) $(if $(REGISTER),--register "$(REGISTER)") -o "$@" --force >/dev/null

$(RESULTS)/t3.parquet: $(RESULTS)/imputed.parquet | .venv/.runtime
	$(DNT) fit-t3 "$<" -o "$@" --force >/dev/null

$(RESULTS)/longitudinal.parquet: $(RESULTS)/imputed.parquet | .venv/.runtime
	$(DNT) fit-longitudinal "$<" -o "$@" --force >/dev/null

$(RESULTS)/robustness.parquet: $(RESULTS)/imputed.parquet | .venv/.runtime
	$(DNT) robustness "$<" -o "$@" --force >/dev/null

# --- the project -----------------------------------------------------------------------------------------------------

test: .venv/.dev system ## Install what the tests need, R included where apt can, and run them all
	.venv/bin/python -m pytest

check: .venv/.dev ## Style, types and tests
	.venv/bin/ruff check .
	.venv/bin/mypy
	$(MAKE) test

system: ## Install R with lme4 and mice, and the shells of the tests, if apt can
	@sh scripts/system.sh

validate: .venv/.dev ## Simulation study of the imputation methods (about 30 minutes)
	.venv/bin/python validation/simulate.py --quick

stress: .venv/.dev ## Faults and odd input through every command, thousands of times (about 40 minutes)
	.venv/bin/python validation/faults.py --minutes 20
	.venv/bin/python validation/inputs.py --examples 3000

bench: .venv/.dev system ## Time the chain beside R's mice and lme4, in one run
	.venv/bin/python benchmarks/chain.py
	.venv/bin/python benchmarks/imputation_speed.py

docs: all ## Write docs/: the reference of the commands, and the screens of the README
	.venv/bin/python scripts/commands.py
	.venv/bin/python scripts/screens.py "$(RESULTS)"

lock: ## Resolve the dependencies anew (needs uv)
	uv pip compile pyproject.toml --extra lme4 --extra build --universal --generate-hashes --python-version 3.11 --no-header -q -o requirements/runtime.txt
	uv pip compile pyproject.toml --extra lme4 --extra build --extra cluster --extra dev --universal --generate-hashes --python-version 3.11 --no-header -q -o requirements/dev.txt
	$(PYTHON) scripts/cbs.py

clean: ## Remove results, .venv and caches
	rm -rf results .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.runtime: requirements/runtime.txt pyproject.toml
	@sh scripts/install.sh requirements/runtime.txt
	@touch $@

.venv/.dev: requirements/dev.txt pyproject.toml
	@sh scripts/install.sh requirements/dev.txt
	@touch .venv/.runtime $@

.PHONY: help demo all test check system validate stress bench docs lock clean
