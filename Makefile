# Every target sets up what it needs: a virtual environment in .venv with the pinned, hashed versions of requirements.lock.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

FOLDER ?= bot/demo/dialogues

.PHONY: demo play test check crash cluster bench screenshots audio-report format texts lock clean help

help:            ## what can be made here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Duologue needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)   ## play the whole story on this machine, no token needed
	$(BIN)/duologue demo

play: $(READY)   ## be everybody in a browser, no token needed: make play DATA=folder keeps it
	$(BIN)/duologue play $(if $(DATA),--data "$(DATA)")

test: $(READY)   ## run every test
	$(BIN)/python -m pytest -n auto --dist worksteal --durations 20 --durations-min 10

check: $(READY)  ## lint, format and type check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

crash: $(READY)  ## kill the program at every commit and every sending, and check what people received
	$(BIN)/python -m tests.crash

cluster: $(READY)  ## several programs on one PostgreSQL: kill, stop and cut them off, and measure what they cost
	$(BIN)/python -m tests.cluster

bench: $(READY)  ## print how fast and how large it is, as ratios where there is something to compare with
	$(BIN)/python -m tests.bench

screenshots: $(READY)  ## take the README's pictures of the playground (needs Chromium)
	$(BIN)/python -m tools.screenshots

audio-report: $(READY)  ## what the checks hear in a folder of recordings: make audio-report FOLDER=path
	$(BIN)/duologue hear "$(FOLDER)"

texts: $(READY)  ## bring the catalogues up to date with the words in the code
	$(BIN)/pybabel -q extract -F bot/texts/babel.cfg -k say -k say_n:1,2 -k mark --no-default-keywords \
		--omit-header --add-location=file --sort-output -o bot/texts/duologue.pot bot handlers
	for language in zh; do \
		$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -w 110 -D duologue -l $$language \
			-i bot/texts/duologue.pot -o bot/texts/$$language/LC_MESSAGES/duologue.po; done

lock: $(READY)   ## pin the newest versions that pyproject.toml allows (names no index)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade -o requirements.lock --quiet
	$(BIN)/uv pip compile pyproject.toml --constraint requirements.lock --universal --generate-hashes --no-header \
		--no-annotate --no-emit-index-url -o requirements-run.lock --quiet

format: $(READY) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:           ## remove the virtual environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
