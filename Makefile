# `make run` starts the demo newsroom; `make test` runs everything that is tested. Both install what they need.

PORT ?= 8000
SANDBOX_PORT ?= 8001
export PORT SANDBOX_PORT

PY := .venv/bin/python
SOURCES := app.py membership migrations tests bench requirements

.PHONY: run test check bench storm fresh requirements

run:
	@sh requirements/prepare.sh run
	@exec $(PY) -m membership.supervising

test: check
	@$(PY) -m pytest -n 2 --dist worksteal

check:
	@sh requirements/prepare.sh dev
	@$(PY) -m ruff check $(SOURCES)
	@$(PY) -m ruff format --check $(SOURCES)
	@$(PY) -m mypy
	@$(PY) -m bandit --quiet --recursive --configfile pyproject.toml app.py membership migrations

bench:
	@sh requirements/prepare.sh dev
	@command -v wrk >/dev/null || { echo "wrk is missing: install it, on Debian by 'apt install wrk'." >&2; exit 1; }
	@exec $(PY) -m bench.run

# Every storm with all its numbers, one after the other; the figures stand in the output.
storm:
	@sh requirements/prepare.sh dev
	@exec $(PY) -m pytest -m storm_full -rA

# Forgets the demo; `make run` makes a new one. Refuses to touch anything else.
fresh:
	@sh requirements/prepare.sh run
	@exec $(PY) -m membership.demo.clearing

# Pins anew what pyproject.toml asks for. No file names where packages come from.
requirements:
	@sh requirements/prepare.sh dev
	@$(PY) requirements/pin.py
