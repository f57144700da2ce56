# `make run` starts Minicolumn, `make test` checks it; each first installs what it needs, once. `make help` lists all.

SHELL := /bin/sh
PYTHON ?= python3
# Three processes on two cores: much of what tests take is waiting for servers, workers and browsers to start.
TEST_PROCESSES ?= 3
# All lists of packages but those that name again what another one has, built for other machines.
AUDITED := $(filter-out requirements-training-processors.txt,$(wildcard requirements*.txt))
# Compiled modules are kept, in folders that git ignores, whatever the shell says: a hundred processes of the tests would
# each compile them all anew (10 s of a processor in place of 3), and the tests themselves for every process that collects.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test lint types contracts unit drills crawl audit benchmarks screenshots tools procedural cloud tracing training
.PHONY: harnesses test-harnesses environment environment-dev
.NOTPARALLEL:

help:
	@echo "make run         start Minicolumn (PORT=8000, HOST=127.0.0.1)"
	@echo "make test        every check: lint, types, contracts, all tests"
	@echo "make lint        ruff: mistakes and layout"
	@echo "make types       mypy --strict"
	@echo "make contracts   import-linter: who may import whom"
	@echo "make unit        all tests but those in a browser (ARGS='-k name' for some)"
	@echo "make drills      kill everything in the middle of everything, for longer than \`make test\` does (DRILL_ROUNDS=8, DRILL_CURATORS=100)"
	@echo "make crawl       every odd value in every field of every form, as every role, for hours (make test: a short form)"
	@echo "make audit       ask an advisory service which of the pinned packages have a known fault (needs a way to it)"
	@echo "make benchmarks  how to measure"
	@echo "make screenshots pictures of every page, wide, on a phone and dark, in var/screenshots/"
	@echo "make procedural  add the families of procedural problems (needs a C compiler)"
	@echo "make cloud       add what files in a bucket of S3 and pushes to the Hugging Face Hub need"
	@echo "make tracing     add what sends spans to a collector of OpenTelemetry"
	@echo "make training    add what trains and serves models here: torch, trl and peft, in var/training-python"
	@echo "make test-harnesses  import logs that inspect, lm-eval and verifiers write then and there, and score by verifiers, in environments of their own in var/harnesses"

run: environment
	@exec env MINICOLUMN_TOOLS=".ci/tools bubblewrap sandbox" MINICOLUMN_EXTRAS=.ci/procedural .venv/bin/python manage.py up

test: environment-dev
	@.ci/tools bubblewrap sandbox chromium rabbitmq
	@# Types are checked on one core. On the other the tests are compiled, once: each process of them would do it else.
	@.venv/bin/python -m pytest --collect-only -qq >/dev/null 2>&1 & \
	$(MAKE) --no-print-directory lint types contracts; found=$$?; wait; exit $$found
	.venv/bin/python -m pytest -n $(TEST_PROCESSES) --dist worksteal $(ARGS)

lint: environment-dev
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .

types: environment-dev
	.venv/bin/python -m mypy

contracts: environment-dev
	.venv/bin/python .venv/bin/lint-imports

unit: environment-dev
	.venv/bin/python -m pytest -n $(TEST_PROCESSES) --dist worksteal -m "not browser" $(ARGS)

drills: environment-dev
	@.ci/tools bubblewrap sandbox rabbitmq
	DRILL_ROUNDS=$(or $(DRILL_ROUNDS),8) DRILL_CURATORS=$(or $(DRILL_CURATORS),100) .venv/bin/python -m pytest tests/drills tests/test_worker_chaos.py tests/test_starvation.py $(ARGS)
	.venv/bin/python -m benchmarks.chaos --samples 1200 --kill-every 3

crawl: environment-dev
	CRAWL=deep .venv/bin/python -m pytest -n $(TEST_PROCESSES) --dist worksteal tests/crawl $(ARGS)

audit: environment
	@for list in $(AUDITED); do printf '%s: ' "$$list"; .ci/audit "$$list" || exit 1; done

benchmarks:
	@echo "Each file in benchmarks/ is a program: .venv/bin/python benchmarks/startup.py --help"
	@ls benchmarks/*.py

screenshots: environment-dev
	@.ci/tools bubblewrap sandbox chromium
	.venv/bin/python docs/take_screenshots.py $(ARGS)

procedural: environment
	@PYTHON="$(PYTHON)" .ci/tools compiler
	@.ci/procedural

cloud: environment
	@.ci/packages .venv/bin/python requirements-cloud.txt

tracing: environment
	@.ci/packages .venv/bin/python requirements-tracing.txt

training: environment
	@PYTHON="$(PYTHON)" .ci/training

harnesses: environment-dev
	@PYTHON="$(PYTHON)" .ci/harnesses

test-harnesses: harnesses
	INSPECT_PYTHON=$(CURDIR)/var/harnesses/inspect/bin/python LM_EVAL_PYTHON=$(CURDIR)/var/harnesses/lm-eval/bin/python \
	VERIFIERS_PYTHON=$(CURDIR)/var/harnesses/verifiers/bin/python .venv/bin/python -m pytest tests/services/imports \
	tests/adapters/environments/test_package.py -k "writing or score_right" -n0 $(ARGS)

environment:
	@PYTHON="$(PYTHON)" .ci/environment requirements.txt

environment-dev:
	@PYTHON="$(PYTHON)" .ci/tools compiler
	@PYTHON="$(PYTHON)" .ci/environment requirements-dev.txt
