# Both jobs need nothing before them but Python 3.11 or later.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PLUGINS := $(wildcard plugins/acqkit-*)
INSTALLED := $(VENV)/.installed

.PHONY: demo test coverage nets lint docs clean

demo: $(INSTALLED)
	$(BIN)/acqkit run examples/demo/plain.yaml
	$(BIN)/acqkit run examples/demo/full.yaml
	$(BIN)/acqkit report demo

# One thread a process, also in those that tests start: more would wait for each other on two cores.
# Neighbors in a file stay in one process, which makes what they share once.
test coverage nets: export OMP_NUM_THREADS = 1
test coverage nets: PYTEST := $(BIN)/pytest -n 2 --dist worksteal

# Files of tests lie in memory where 4 GB are free: tests would wait for the disk at every commit.
MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 { print "/dev/shm" }')
ifneq ($(MEMORY),)
test coverage nets: export TMPDIR = $(MEMORY)
endif

test: $(INSTALLED)
	$(PYTEST) -m "not net"

# The same tests while lines are counted, which takes about half as long again.
coverage: $(INSTALLED)
	$(PYTEST) -m "not net" --cov --cov-report=term:skip-covered --cov-fail-under=90

nets: $(INSTALLED)
	$(PYTEST) -m net

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy acqkit tests examples plugins benchmarks
	$(BIN)/lint-imports
	$(BIN)/deptry .
	set -e; for folder in $(PLUGINS) plugins/_template examples/acqkit-*; do \
	  (cd $$folder && $(abspath $(BIN))/deptry . --optional-dependencies-dev-groups test); \
	done

docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "open build/site/index.html"

$(INSTALLED): pyproject.toml constraints.txt $(PLUGINS:%=%/pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[cpu,datasets,dev,docs,peers,s3,testing]" $(PLUGINS:%=-e "./%[test]")
	touch $@

clean:
	rm -rf $(VENV) dist build
