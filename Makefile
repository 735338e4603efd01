# Each of these makes the environment it needs, once. ARGS goes on to the program: make demo ARGS="--seconds 40"

PYTHON ?=
ARGS ?=
JOBS ?=
unexport PYTHONPATH PYTHONHOME

python := .venv/bin/python
environment = PYTHON="$(PYTHON)" sh requirements/env.sh
qt = $(if $(QT),qt)
# A file's tests stay in one process; each process has a screen and a broker of its own. The usual tests mostly wait for
# brokers and windows, so there are more processes than cores may be; the thorough ones compute.
pytest = $(python) -m pytest -n $(or $(JOBS),$(1)) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-all test-spark test-spark-long check audit bench chaos fuzz soak pictures lock spark web clean

help:
	@echo 'make demo     the broker, two producers and three windows; Ctrl-C ends them'
	@echo 'make test     the tests'
	@echo 'make test-all what make test leaves out: full crosses, long runs'
	@echo 'make test-spark   the tests that start Spark, which it installs: 800 MB'
	@echo 'make test-spark-long   jobs of Spark are killed twenty times'
	@echo 'make check    ruff, mypy, import-linter'
	@echo 'make bench    speed, as ratios to a named peer'
	@echo 'make soak     a simulated week of a market feed with 500 faults, in some minutes'
	@echo 'make chaos    what breaks is broken while records flow, and they are counted (ARGS=--short: one fault of each kind)'
	@echo 'make fuzz     a million mangled messages, 20,000 mangled files: shown or set aside (ARGS=--short: a hundredth)'
	@echo 'make pictures the pictures of docs/ and README, from a real run (the demo needs Xvfb for its own)'
	@echo 'make spark    Spark, 800 MB, into the environment: stockstream spark'
	@echo 'make web      what the page draws with, by npm: stockstream web'
	@echo 'make lock     the locks of requirements/ made anew (ARGS=--upgrade: newest versions)'
	@echo 'make audit    whether a version in the locks has a known vulnerability'
	@echo 'make clean    removes what these made, .venv too; data and saved states stay'
	@echo
	@echo 'ARGS="..." is passed on:   make demo ARGS="--seconds 40",  make test ARGS="-k bollinger"'
	@echo 'PYTHON=... picks a Python: make demo PYTHON=python3.12'
	@echo 'JOBS=1 tests in one process; without it there are 4, for test-all as many as cores'
	@echo 'QT=1 tests the windows on Qt, too, where Python has Tk: make test QT=1'

demo:
	@$(environment) $(if $(findstring --web,$(ARGS)),web,run)
	@$(if $(findstring --web,$(ARGS)),! command -v npm >/dev/null || $(python) stockstream/web/assets.py || :)
	@$(python) -m stockstream demo $(ARGS)

test:
	@$(environment) dev $(qt)
	@$(call pytest,4) $(ARGS)

test-all:
	@$(environment) dev $(qt)
	@$(call pytest,logical) -m "thorough and not spark" $(ARGS)

# One process, as each would start a Spark of its own, of 2 GB.
test-spark:
	@$(environment) spark
	@$(python) -m pytest -m "spark and not thorough" tests $(ARGS)

test-spark-long:
	@$(environment) spark
	@$(python) -m pytest -m "spark and thorough" tests $(ARGS)

check:
	@$(environment) dev
	@$(python) -m ruff check
	@$(python) -m ruff format --check
	@$(python) -m mypy
	@$(python) -m mypy stockstream --platform win32 --cache-dir .mypy_cache/win32 --no-warn-unreachable
	@.venv/bin/lint-imports

bench:
	@$(environment) dev
	@$(python) -m benchmarks $(ARGS)

chaos:
	@$(environment) dev
	@$(python) -m chaos $(ARGS)

fuzz:
	@$(environment) dev
	@$(python) -m fuzz $(ARGS)

soak:
	@$(environment) dev
	@$(python) -m pytest -m soak -s tests/producers $(ARGS)

pictures:
	@$(environment) run
	@$(python) -m docs.make_pictures

spark:
	@$(environment) spark

web:
	@$(environment) web
	@$(python) stockstream/web/assets.py

lock:
	@$(environment) lock $(ARGS)

audit:
	@$(environment) run
	@sh requirements/audit.sh

clean:
	rm -rf .venv .venv-peers build dist out *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
