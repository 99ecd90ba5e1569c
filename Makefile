PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := .venv/ready

.PHONY: setup course test lab bench clean

course: setup        ## execute every lesson on the bundled data and build the site
	$(BIN)/course run
	$(BIN)/course site

setup: $(READY)      ## create .venv from the locked requirements
$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.txt)"
	$(BIN)/uv pip sync --quiet --python $(BIN)/python requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

test: setup          ## run all tests, the lessons' own outputs among them
	$(BIN)/pytest --cov=helpers --cov-report=term:skip-covered --cov-fail-under=90

lab: setup           ## open JupyterLab on the lessons; options go through ARGS="--no-browser --port 9999"
	$(BIN)/jupyter lab --notebook-dir=notebooks notebooks/00_start_here.ipynb $(ARGS)

bench: setup         ## measure this machine against the alternatives
	$(BIN)/python -m benchmarks

clean:               ## forget executed lessons and the built site; keep data and environment
	rm -rf reports/runs reports/html reports/export
