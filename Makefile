# Switchboard. On a bare machine with Python >= 3.11: `make demo` to try it, `make test` to check it.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: demo run test check lock chaos bench

demo: .venv/ready
	$(BIN)/python run.py demo

run: .venv/ready
	$(BIN)/python run.py serve

check: .venv/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: .venv/ready-bench chromium pgbouncer php check
	$(BIN)/pytest -n 3 --dist worksteal

# Long fault runs, about forty minutes: kills under load, processes that stand still, outages of the database,
# a thousand random histories of poll forms.
chaos: .venv/ready-dev
	$(BIN)/pytest -s tests/chaos tests/e2e/test_storage_outages.py tests/e2e/test_notices_in_an_outage.py tests/e2e/test_matrix.py tests/e2e/test_bad_input.py tests/e2e/test_deals_faults.py tests/e2e/test_deals_echoes.py tests/e2e/test_deals_dropped.py tests/e2e/test_deals_killed.py --chaos

# Beside their peers, about a quarter of an hour; writes docs/benchmarks.md. `BENCH="hit load"` runs only those,
# `BENCH=--long` takes its time.
bench: .venv/ready-bench
	$(BIN)/python -m bench $(BENCH)

# A browser for the tests of pages, a pooler for those of PostgreSQL, and PHP to compare the portals' encoding
# with. Without them, and without the right to install them, those tests say so.
.PHONY: chromium pgbouncer php
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	|| .ci/install chromium fonts-noto-color-emoji \
	|| echo "No chromium here and no way to install it: tests of pages will be skipped."

pgbouncer:
	@PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null || .ci/install pgbouncer \
	|| echo "No pgbouncer here and no way to install it: tests of poolers will be skipped."

php:
	@command -v php >/dev/null || .ci/install php-cli \
	|| echo "No php here and no way to install it: the comparison with PHP will be skipped."

.venv/ready: requirements.txt
	[ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv
	$(PIP) -r requirements.txt
	touch $@

.venv/ready-dev: requirements-dev.txt
	[ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv
	$(PIP) -r requirements-dev.txt
	touch $@ .venv/ready

.venv/ready-bench: requirements-bench.txt
	[ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv
	$(PIP) --no-deps -r requirements-bench.txt  # the file names all there is; one peer's pin is overridden
	touch $@ .venv/ready-dev .venv/ready

# Pins every dependency with its hashes; needs uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q requirements-dev.in -o requirements-dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q --overrides requirements-bench-overrides.txt requirements-bench.in -o requirements-bench.txt

# The pictures in docs/, taken by the browser test.
.PHONY: screenshots
screenshots: .venv/ready-dev chromium
	SCREENSHOTS=1 $(BIN)/pytest tests/browser/test_the_hub_in_the_chat_page.py
