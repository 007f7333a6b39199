# Everything the project can do, from any folder: make -C path/to/dnt-cli help
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
M ?= 50
# A full rerun of another study: make all DATA=survey.csv STUDY=study.toml RESULTS=out. Paths may hold spaces, and are
# relative to where make is called, also with -C (which is when make sets the flag w).
DATA ?=
STUDY ?= dnt
RESULTS ?= $(CURDIR)/results
# Register outcomes that are already there: a file of `dnt polis`, or a CSV with id and wave; the example makes its own.
REGISTER ?=
CALLER := $(if $(findstring w,$(firstword -$(MAKEFLAGS))),$(PWD),$(CURDIR))
DNT := $(CURDIR)/.venv/bin/dnt
# In a recipe, after `cd "$(CALLER)"`: the whole analysis.
export DATA STUDY RESULTS REGISTER CALLER DNT M

export PYTHON

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# --- the analysis ----------------------------------------------------------------------------------------------------

demo: all ## Set up, write the example data, run the five stages, write the report, show the tables
	@cd "$$CALLER" && for table in describe imputed t3 longitudinal robustness effects; do cat "$$RESULTS/$$table.txt"; done
	@echo "The report is $$RESULTS/report.docx and, for a browser, $$RESULTS/report.html."

all: .venv/.runtime ## Rerun what is out of date: DATA, STUDY, M, RESULTS
	@cd "$$CALLER" && sh "$(CURDIR)/scripts/rerun.sh" "$${DATA:-example}" "$$STUDY" "$$RESULTS"

# --- the project -----------------------------------------------------------------------------------------------------

test: .venv/.dev system ## Install what the tests need, R included where apt can, and run them all
	.venv/bin/python -m pytest -n logical --dist loadfile

check: .venv/.dev ## Style, types, tests, and the built wheel in a bare environment; CI runs this
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(MAKE) test
	sh scripts/wheel.sh

system: ## Install R with lme4 and mice, and the shells of the tests, if apt can
	@sh scripts/system.sh

validate: .venv/.dev ## Grid of the mixed models, and simulation of the imputation (30 minutes; it resumes)
	.venv/bin/python -m validation.engine_grid
	.venv/bin/python -m validation.simulate --minutes 30

stress: .venv/.dev ## Faults, odd input and attacks on releases, thousands of times (about 80 minutes)
	.venv/bin/python -m validation.faults --minutes 20
	.venv/bin/python -m validation.inputs --examples 3000
	.venv/bin/python -m validation.disguises --count 3000
	.venv/bin/python -m validation.attack --studies 1000

bench: .venv/.dev system ## Time the chain beside R's mice and lme4, in one run
	.venv/bin/python -m benchmarks.chain
	.venv/bin/python -m benchmarks.imputation_speed

newest: .venv/.dev ## The five stages with the newest libraries that the metadata allow (needs a package index)
	sh scripts/wheel.sh newest

docs: all ## Write docs/: the references of commands and study file, and the screens of the README
	.venv/bin/python scripts/commands.py
	.venv/bin/python scripts/study_file.py
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

.PHONY: help demo all test check system validate stress bench newest docs lock clean
