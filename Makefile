# Contact CRM. `make` alone lists the targets. Needs: Python >= 3.11 and make, nothing else.
#
# Every step leaves a stamp inside .venv or web/node_modules, so a second `make run` does nothing
# but start the program. Delete those two folders (`make clean`) to begin again; data is in var/.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help run test check bench assets lock screens lighthouse paper clean format

PY   := .venv/bin/python
PIP  := $(PY) -m pip --disable-pip-version-check --no-input -qq install
# Two makes in two terminals must not install into .venv at once (macOS has no flock: there, wait).
LOCK := $(shell command -v flock >/dev/null 2>&1 && echo flock .make.lock)
WEB  := $(shell find web -name node_modules -prune -o -type f ! -name package-lock.json -print)
ARGS :=

help:
	@echo 'make run      start with demo data on http://127.0.0.1:8000'
	@echo 'make test     every test (ARGS="-k name" for some)'
	@echo 'make check    format, lint, types, SQL lint, import rules'
	@echo 'make format   put every Python file into the agreed format'
	@echo 'make assets   build css and js into crm/static/dist'
	@echo 'make bench    measure (CONTACTS=200000 MESSAGES=1000000), results in bench/results'
	@echo 'make screens  pictures of every page into screens/'
	@echo 'make lighthouse  scores of the main pages (needs Node.js and Chromium)'
	@echo 'make paper    write docs/api.md from the routes of the API'
	@echo 'make lock     write requirements*.txt from pyproject.toml (UPGRADE=1 for newer versions)'
	@echo 'make clean    remove everything made, except your data in var/'

run: .venv/.run assets
	@exec .venv/bin/crm demo $(ARGS)

# The browser's tests wait for the browser: beside them the others get most of both cores. The
# imports go with them, so that both end at about the same time.
define BESIDE_THE_BROWSER
out=$$(mktemp); $(PY) -m pytest -q tests/browser tests/imports >"$$out" 2>&1 & browser=$$!
$(PY) -m pytest -q --ignore tests/browser --ignore tests/imports; rest=$$?
wait $$browser; seen=$$?
echo 'Browser and import tests:'; cat "$$out"; rm -f "$$out"
exit $$((rest || seen))
endef
export BESIDE_THE_BROWSER

test: .venv/.dev assets
ifeq ($(ARGS),)
	@eval "$$BESIDE_THE_BROWSER"
else
	@$(PY) -m pytest -q $(ARGS)
endif

check: .venv/.dev
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/basedpyright --warnings
	@.venv/bin/squawk db/schema/*.sql db/app/*.sql
	@.venv/bin/lint-imports --no-logo
	@$(PY) -m pytest -q tests/house

format: .venv/.dev
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

CONTACTS := 200000
MESSAGES := 1000000
ROWS     := 100000
bench: .venv/.dev
	@$(PY) -m bench --contacts $(CONTACTS) --messages $(MESSAGES) --rows $(ROWS) $(ARGS)

screens: .venv/.dev assets
	@$(PY) -m tests.browser.screens $(ARGS)

lighthouse: .venv/.dev assets
	@$(PY) -m tests.browser.lighthouse

paper: .venv/.dev
	@$(PY) -m tests.api.write_paper

assets: web/node_modules/.built

clean:
	@rm -rf .venv web/node_modules crm/static/dist screens build *.egg-info .make.lock \
	  .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find crm tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo 'Clean. Your data is still in var/.'

# -- locks: hashes for every platform, no address of any registry ---------------------------------
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade)
lock: .venv/.dev
	@$(COMPILE) pyproject.toml --group build -o requirements.txt
	@$(COMPILE) pyproject.toml --group build --extra dev -c requirements.txt -o requirements-dev.txt
	@$(COMPILE) --group node -c requirements-dev.txt -o requirements-node.txt

# -- Python ---------------------------------------------------------------------------------------
# The first Python >= 3.11 that can make an environment wins; PYTHON=/path/to/python goes before all.
# Debian's python3 may come without ensurepip: its own pip can then fill the environment instead.
define MAKE_VENV
test -x $(PY) && exit 0
found=
for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
  found=$$python
  rm -rf .venv
  if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "Making .venv with $$("$$python" --version)"
    "$$python" -m venv .venv && exit 0
  elif "$$python" -c 'import pip, venv' 2>/dev/null; then
    echo "Making .venv with $$("$$python" --version) and its own pip"
    "$$python" -m venv --without-pip .venv &&
    "$$python" -m pip --disable-pip-version-check --no-input -qq --python $(PY) \
      install --require-hashes -r requirements.txt && exit 0
  fi
done
rm -rf .venv
if [ -n "$$found" ]; then
  echo "$$("$$found" --version) is here but cannot make virtual environments." \
    "On Debian or Ubuntu: sudo apt install python3-venv" >&2
else
  echo "Contact CRM needs Python 3.11 or newer, and none is on the PATH." \
    "On Debian or Ubuntu: sudo apt install python3 python3-venv" >&2
fi
exit 1
endef
export MAKE_VENV

$(PY):
	@$(LOCK) sh -c "$$MAKE_VENV"

.venv/.run: requirements.txt pyproject.toml | $(PY)
	@echo 'Installing Python packages'
	@$(LOCK) $(PIP) --require-hashes -r requirements.txt
	@$(LOCK) $(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.run
	@echo 'Installing the developer packages'
	@$(LOCK) $(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

# -- css and js -----------------------------------------------------------------------------------
# Node >= 20 of the machine, else the one that comes as a Python wheel.
define WITH_NODE
if ! node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null ||
   ! command -v npm >/dev/null 2>&1; then
  test -x .venv/bin/npm || echo 'No Node.js 20 or newer here: installing it into .venv'
  test -x .venv/bin/npm || $(LOCK) $(PIP) --require-hashes -r requirements-node.txt || exit 1
  PATH="$$PWD/.venv/bin:$$PATH"
fi
endef
export WITH_NODE

web/node_modules/.stamp: web/package.json web/package-lock.json | .venv/.run
	@echo 'Installing web packages'
	@eval "$$WITH_NODE"; cd web && $(if $(LOCK),flock ../.make.lock) npm ci --loglevel=error --no-audit --no-fund --no-update-notifier >/dev/null
	@touch $@

web/node_modules/.built: web/node_modules/.stamp $(WEB)
	@eval "$$WITH_NODE"; cd web && node build.mjs
	@touch $@
