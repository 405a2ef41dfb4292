# make serve   starts Brierboard on the essay's questions
# make test    checks and tests it
# Both make .venv from the hashed lock files first, when it is missing or no longer fits them.

PYTHON ?= python3
EXAMPLES ?= 30
ESSAY := questions/sets/russia-2026.toml

.PHONY: serve test lint torture bench picture lock clean FORCE
.NOTPARALLEL:
.DELETE_ON_ERROR:

serve: .venv/runs
	@.venv/bin/brierboard serve --load $(ESSAY)

test: lint
	.venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: .venv/tests
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

# What `make test` does a little of, to the full: requests that nobody would send, races, servers and power that fail
# while people write, many who write at once, histories made up at random. Half an hour or more.
torture: .venv/tests
	BRIERBOARD_TORTURE=$(EXAMPLES) .venv/bin/python -m pytest tests/web/api/test_document.py tests/web/api/test_races.py
	BRIERBOARD_TORTURE=$(EXAMPLES) .venv/bin/python -m pytest -s tests/torture
	BRIERBOARD_TORTURE=$(EXAMPLES) .venv/bin/python -m pytest -s tests/test_migrations.py -k long_journal

bench: .venv/tests
	.venv/bin/python -m pytest -s tests/benchmarks

picture: .venv/tests
	.venv/bin/python -m tests.browser.picture

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results

# --- lock files -------------------------------------------------------------------------------------------------
# What stands in a lock stays as it is while it fits pyproject.toml; `make lock UPGRADE=--upgrade` takes the newest.
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE)

lock: .venv/place
	$(COMPILE) pyproject.toml --extra build -o requirements.lock
	$(COMPILE) pyproject.toml --extra build --extra test -c requirements.lock -o requirements-test.lock
	echo uv | $(COMPILE) - -o requirements-uv.lock

# --- .venv ------------------------------------------------------------------------------------------------------
# What a person set for their own work with Python must not reach ours.
unexport PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_ROOT PIP_CONSTRAINT UV_CONSTRAINT UV_REQUIRE_HASHES UV_SYSTEM_PYTHON
export PIP_USER := 0
export PIP_REQUIRE_VIRTUALENV := 0
export PIP_REQUIRE_HASHES := 0
export PIP_NO_INPUT := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiled at once, as pip does: else the first start does it, or every start where Python may not write.
export UV_COMPILE_BYTECODE := 1

# A .venv that was left half made, came along with a moved folder or lost its Python looks whole and is not.
RECENT := import sys; sys.exit(sys.version_info < (3, 11))
SOUND := $(shell exec 2>/dev/null; test ! -e .venv/unfinished && test "$$(cat .venv/place)" = "$$(pwd -P)" \
	&& .venv/bin/python -c '$(RECENT)' && echo yes)

# The pip that stands outside .venv, or the one that had to be put into it.
PIP = $$(test -e .venv/bin/pip3 && echo .venv/bin/python -m pip || echo $(PYTHON) -m pip --python .venv/bin/python)
# uv reads no pip.conf, so the index that pip was told of is handed on to it.
TOLD = $$($(PIP) config list 2>/dev/null | sed -n "s/^[a-z]*\.index-url='\(.*\)'$$/\1/p" | tail -n 1)
INDEX = UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$(TOLD)}}"

# $(1) what it is, in words; $(2) what uv and pip, which understand the same here, are told.
define install
@echo "Installing $(1) into .venv"
@: > .venv/unfinished
@{ test -x .venv/bin/uv && $(INDEX) .venv/bin/uv pip install --quiet --python .venv/bin/python $(2); } \
	|| { echo "with pip, as uv cannot do it here"; $(PIP) install --quiet $(2); }
endef

.venv/place: requirements-uv.lock $(if $(SOUND),,FORCE)
	@$(PYTHON) -c '$(RECENT)' 2>/dev/null || { echo >&2 "Brierboard needs Python 3.11 or newer, and" \
		"\`$(PYTHON)\` is not: install one, or name it as in: make serve PYTHON=/path/to/python3.11"; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -m venv --without-pip .venv
	@$(PIP) --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null 2>&1 \
		|| { echo >&2 "\`$(PYTHON)\` has neither pip nor ensurepip: install one of them" \
		"(Debian: apt install python3-pip)."; exit 1; }
	@echo "Made .venv with $$(.venv/bin/python --version)"
	@$(PIP) install --quiet --only-binary :all: --require-hashes -r requirements-uv.lock \
		|| echo "uv cannot be had here: pip does its work, more slowly."
	@pwd -P > $@

.venv/runs: .venv/place requirements.lock pyproject.toml
	$(call install,what it runs on,--no-deps --require-hashes -r requirements.lock)
	$(call install,Brierboard itself,--no-deps --no-build-isolation -e .)
	@rm .venv/unfinished && touch $@

.venv/tests: .venv/runs requirements-test.lock
	$(call install,what its tests need,--no-deps --require-hashes -r requirements-test.lock)
	@rm .venv/unfinished && touch $@
