# Everything a developer types. Needs Python 3.11+, pip and make; `.venv` is made by itself.
SHELL := /bin/sh
RUN := .venv/bin/python -m embedded
PYTHON ?=
ARGS ?=
BENCH ?=
# `check --deploy` looks at the settings as production would have them.
PRODUCTION := env -u SIMULATOR_URL -u REALTIME_URL DEBUG=0 PUBLIC_URL=https://inbox.example.org \
	ALLOWED_HOSTS=inbox.example.org

.PHONY: up test check bench lock fmt clean venv checks

up: venv
	@exec $(RUN) up

test: venv
	@$(RUN) test -- $(ARGS)

check: venv
	@$(RUN) exec --apart test -- $(MAKE) --no-print-directory checks

checks:
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python manage.py makemigrations --check --dry-run
	.venv/bin/python manage.py translations check
	$(PRODUCTION) .venv/bin/python manage.py check --deploy --fail-level WARNING

bench: venv
	@$(RUN) exec --apart bench-data -- .venv/bin/python -m benches $(BENCH)

fmt: venv
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

# Hashes for every platform and Python we support. No index address and no path may get in.
UV := var/lock-venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-config --quiet
lock:
	@test -x var/lock-venv/bin/uv || { $${PYTHON:-$$(embedded/find-python)} -m venv var/lock-venv \
		&& var/lock-venv/bin/pip install --quiet uv; }
	$(UV) --extra embedded --extra dev --output-file requirements/all.lock
	$(UV) --constraint requirements/all.lock --output-file requirements/runtime.lock
	@! grep -nE '://|^-|file:' requirements/*.lock

clean:
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

venv:
	@python=$$(test -n "$(PYTHON)" && echo "$(PYTHON)" || embedded/find-python) && \
		"$$python" embedded/install.py
