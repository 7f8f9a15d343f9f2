# Everything runs in .venv with the exact versions of requirements.lock. `make help` lists the targets.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
# Linux gets torch's CPU build from here when the address answers within two seconds; empty: the build pip chooses.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
# Options passed on, for example: make chat ARGS="--port 8000"
ARGS ?=

PY := .venv/bin/python
# What .venv was made from. Its folder belongs to it: a virtual environment that was moved does not work.
WANTED = { echo "$(CURDIR)"; cat pyproject.toml requirements.lock; }

.PHONY: help setup chat test check gate lock

help:
	@echo "make chat    set up, index seeds/, open the chat on 127.0.0.1:7860 (ARGS=\"--port 8000\")"
	@echo "make test    set up and run the tests (ARGS=\"tests/qa -x\")"
	@echo "make check   lint and type check"
	@echo "make gate    compare the answers with eval/baseline.json"
	@echo "make setup   make .venv; nothing to do unless the lock has changed"
	@echo "make lock    resolve the versions of requirements.lock anew from pyproject.toml"

setup:
	@$(WANTED) | cmp -s - .venv/made-from || $(MAKE) --no-print-directory .install

.PHONY: .install .torch
.install:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "docqa needs Python 3.11 or newer, and $(PYTHON) is not:" \
			"install it, or name one with make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -m venv .venv || { echo "$(PYTHON) cannot make a virtual environment:" \
		"on Debian and Ubuntu, install python3-venv" >&2; exit 2; }
	@$(MAKE) --no-print-directory .torch
	@echo "Installing requirements.lock, a few minutes the first time ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(WANTED) > .venv/made-from

# `timeout` also covers a name server that does not answer. No CPU build there is no failure: pip then takes its own.
.torch:
ifneq ($(TORCH_INDEX),)
ifeq ($(shell uname -s),Linux)
	@! timeout 2 $(PY) -c 'from urllib.request import Request, urlopen; \
		urlopen(Request("$(TORCH_INDEX)/torch/", method="HEAD")).close()' 2>/dev/null || \
		$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --index-url $(TORCH_INDEX) \
			"$$(grep -oE '^torch==[0-9.]+' requirements.lock)" || true
endif
endif

chat: setup
	@.venv/bin/docqa chat $(ARGS)

test: setup
	@$(PY) -m pytest $(ARGS)

check: setup
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

gate: setup
	@$(PY) -m eval gate $(ARGS)

# torch's CUDA packages are left out: pip adds those that the chosen build of torch asks for.
lock: setup
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@echo "# Made from pyproject.toml by 'make lock'. Do not edit." > requirements.new
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-header \
		--annotation-style line pyproject.toml | grep -vE '^(nvidia-|cuda-|triton)' >> requirements.new
	@mv requirements.new requirements.lock
