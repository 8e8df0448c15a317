# Switchboard. On a bare machine with Python >= 3.11: `make demo` to try it, `make test` to check it.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: demo run test check lock chaos

demo: .venv/ready
	$(BIN)/python run.py demo

run: .venv/ready
	$(BIN)/python run.py serve

check: .venv/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: .venv/ready-dev chromium check
	$(BIN)/pytest

# Long fault runs: twenty process kills under load, and the like.
chaos: .venv/ready-dev
	$(BIN)/pytest -s tests/chaos --chaos

# A browser for the tests of pages. Without one, and without the right to install one, those tests say so.
.PHONY: chromium
chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
	|| { sudo -n true 2>/dev/null && sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
	|| echo "No chromium here and no way to install it: tests of pages will be skipped."

.venv/ready: requirements.txt
	[ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv
	$(PIP) -r requirements.txt
	touch $@

.venv/ready-dev: requirements-dev.txt
	[ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv
	$(PIP) -r requirements-dev.txt
	touch $@ .venv/ready

# Pins every dependency with its hashes; needs uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q requirements-dev.in -o requirements-dev.txt
