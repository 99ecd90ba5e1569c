PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := .venv/ready
VERSIONS := 3.11 3.12 3.13

# The programs of .venv hold the path of its folder, and its packages serve one version of Python.
WHERE := $(BIN)/python -I -c 'import sys; print(sys.prefix, *sys.version_info[:2])'
ifneq ($(shell $(WHERE) 2>/dev/null || echo gone),$(shell cat $(READY) 2>/dev/null))
.PHONY: $(READY)
endif

# The user's settings of pip and uv that put packages elsewhere or refuse them. Mirrors, proxies and certificates stay.
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON PIP_CONSTRAINT PIP_NO_BINARY UV_CONSTRAINT PYTHONHOME
export PIP_USER := 0
export PIP_REQUIRE_VIRTUALENV := 0
export PIP_REQUIRE_HASHES := 0
export PIP_DRY_RUN := 0

.PHONY: setup course test style site lab bench clean

course: setup        ## execute every lesson on the bundled data and build the site
	$(BIN)/course run
	$(BIN)/course site

setup: $(READY)      ## create .venv from the locked requirements
$(READY): requirements.txt pyproject.toml
	@found=$$($(PYTHON) -c 'import sys; print("Python %d.%d.%d" % sys.version_info[:3])' 2>/dev/null) \
		|| found="no Python that runs"; \
	for version in $(VERSIONS); do case "$$found" in "Python $$version."*) exit 0;; esac; done; \
	name=python3.12; cure="install one and run"; \
	for version in $(VERSIONS); do \
		if python$$version -c '' 2>/dev/null; then name=python$$version; cure="run"; fi; \
	done; \
	echo "$(PYTHON) is $$found; the course needs $(firstword $(VERSIONS)) to $(lastword $(VERSIONS));" \
		"$$cure: make setup PYTHON=$$name" >&2; \
	exit 2
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.txt)"
	@test -x $(BIN)/uv || { echo "pip put uv elsewhere; look for target, prefix or root in: pip config list" >&2; exit 2; }
	$(BIN)/uv pip sync --quiet --python $(BIN)/python requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(WHERE) > $@

site: setup          ## build the site from what is executed or stored; execute nothing
	$(BIN)/course site

# The minus lets the tests begin although a lesson failed; pytest then names that lesson.
test: setup          ## execute the lessons that differ from what is stored, then run all tests
	-$(BIN)/course run --changed
	$(BIN)/pytest tests --numprocesses=auto --dist=loadfile \
		--cov=helpers --cov-report=term:skip-covered --cov-fail-under=90
	$(BIN)/pytest notebooks

style: setup         ## check style, format and declared imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deptry .

lab: setup           ## open JupyterLab on the first lesson; options go through ARGS="--no-browser --port 9999"
	$(BIN)/jupyter lab --notebook-dir=. notebooks/00_start_here.ipynb $(ARGS)

bench: setup         ## measure our code and the alternatives on this machine
	$(BIN)/python -m benchmarks

clean:               ## remove executed lessons and the built site; keep data and environment
	rm -rf reports/runs reports/html reports/export
