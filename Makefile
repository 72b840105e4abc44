# make demo    start the app; it prints its address
# make test    run all tests, the browser's too, and the notebooks in quick form
# make check   linters and types
# make notebooks   run the notebooks as a reader runs them
# make benchmark   seconds and memory beside the peers, as Markdown tables, and a plot in .venv/cost.webp; an hour on
#                  two cores, at rest
# make space-check   install requirements.txt alone, as a Space does, and start the app; minutes
# make audit   look for known weaknesses of what is pinned; asks the network, and is no part of CI
#
# Needs Python 3.11 or later and make. The rest goes into .venv, once.

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check

# Where torch is taken from when no build of it is at hand. From PyPI, Linux gets CUDA packages of
# several GB: right where there is an NVIDIA GPU, a waste elsewhere. `make demo TORCH_INDEX=` leaves
# it to pip's own set-up.
PYPI := https://pypi.org/simple
TORCH_INDEX ?= $(if $(shell command -v nvidia-smi),$(PYPI),https://download.pytorch.org/whl/cpu)

.PHONY: demo test check notebooks benchmark space-check audit
.DELETE_ON_ERROR:

demo: $(VENV)/demo.stamp
	$(VENV)/bin/python app.py

# One process more than there are cores, four at most: tests also wait, for a page or for silence on a line. A file stays
# in one, and all that use the app and the browser, which take longest, come first. With ARGS, pytest runs as they say.
PROCESSES := --numprocesses $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --maxprocesses 4
PARALLEL := $(PROCESSES) --dist loadfile --no-loadscope-reorder
test: $(VENV)/test.stamp
	$(VENV)/bin/python -m pytest $(or $(ARGS),$(PARALLEL))

check: $(VENV)/test.stamp
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

space-check: $(VENV)/test.stamp
	$(VENV)/bin/python -m pytest -m space tests/test_space.py $(ARGS)

# In an environment of its own: the auditor's needs are not the project's.
audit: $(VENV)/audit.stamp
	$(VENV)/audit/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt $(ARGS)

$(VENV)/audit.stamp: $(VENV)/torch.stamp
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip --disable-pip-version-check install -q pip-audit
	touch $@

notebooks: $(VENV)/test.stamp
	NOTEBOOKS=normal $(VENV)/bin/python -m pytest tests/test_notebooks.py $(ARGS)

# DEVICE=cuda where there is one. Set5 comes from the hub; without it the samples are measured.
DEVICE ?= cpu
BENCH := PYTHONPATH=$(VENV)/peers $(VENV)/bin/python tests/benchmarks
benchmark: $(VENV)/peers.stamp
ifeq ($(DEVICE),cpu)
	$(BENCH)/upscale.py --runs 3
	$(BENCH)/upscale.py --compact --size 1024x1024 --precision bfloat16 --runs 5
	$(BENCH)/sizes.py --output $(VENV)/cost.webp
else
	$(BENCH)/upscale.py --device $(DEVICE) --size 480x320 1920x1080 --runs 3 --warm 3
endif
	$(BENCH)/tiles.py --runs 3
	$(BENCH)/tiles.py --runs 3 --network 34M --size 480x480 --precision bfloat16
	$(BENCH)/precision.py || $(BENCH)/precision.py --dataset samples
	$(BENCH)/folder.py --device $(DEVICE)
	$(BENCH)/training_step.py --device $(DEVICE)
	$(BENCH)/loader.py
	$(BENCH)/startup.py --runs 5
	$(BENCH)/page.py

# The library of the published models, without what it asks for; where it is unavailable, ours are measured alone.
$(VENV)/peers.stamp: $(VENV)/test.stamp
	-$(PIP) install -q --no-deps --target $(VENV)/peers super-image==0.2.0 h5py opencv-python-headless
	touch $@

$(VENV)/demo.stamp: requirements.txt $(VENV)/torch.stamp
	$(PIP) install -q -c constraints.txt -r requirements.txt
	touch $@

$(VENV)/test.stamp: pyproject.toml $(VENV)/torch.stamp
	$(PIP) install -q -c constraints.txt -e ".[demo,mcp,train,test,dev]"
	touch $@

# torch on its own and first, so that what comes after it finds it installed: a wheel at hand (pip's
# find-links) before anything else, then TORCH_INDEX, last pip's own set-up, however large. Without
# its dependencies, which are pinned, and which that index has in other versions; the next step
# brings them.
TORCH := --no-deps -c constraints.txt torch
$(VENV)/torch.stamp: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -q --no-index $(TORCH) 2> /dev/null \
		|| $(PIP) install $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH) \
		|| { echo "No torch from there. Taking the one that pip finds by itself; on Linux it may be several GB."; \
			$(PIP) install $(TORCH); }
	touch $@
