# Every target makes what it needs itself (.ci/setup) and is quick the second time.
.DEFAULT_GOAL := help
.PHONY: help run emulator homeserver test test-all test-rest lint format bench faults browser screenshots lock messages migration clean
MAKEFLAGS += --no-print-directory
# one process a core; the tests of a file stay together in the order of tests/conftest.py, and each process has its own
# servers
PARALLEL = -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

help: ## this list
	@echo "make run        start gongfang here with a sample county; prints where to open it"
	@echo "make emulator   an emulated Telegram with a page to play people on; prints what to configure"
	@echo "make homeserver a Matrix homeserver with accounts to sign in to; prints what to configure"
	@echo "make test       all but the slowest on SQLite, storage and services on PostgreSQL too"
	@echo "make test-all   the full matrix: every test on both databases, and the faults"
	@echo "make test-rest  what test-all runs and test does not: with it, the full matrix"
	@echo "make faults     only the faults: killed processes, full disks, absent databases"
	@echo "make lint       style, types and import laws"
	@echo "make format     put the source into that style"
	@echo "make bench      benchmarks, each against a floor measured in the same run"
	@echo "make messages   the texts that have no Chinese yet, ready to paste"
	@echo "make migration NAME=\"...\"  a new revision of the database: what the tables say and the revisions do not yet"
	@echo "make browser    find or install the Chromium that the browser tests use"
	@echo "make screenshots  take the pictures of the README from the running program"
	@echo "make lock       resolve the dependencies again (make lock UPGRADE=--upgrade for newer ones)"
	@echo "make clean      remove the virtual environment and the caches, nothing else"

run: ## ARGS="--port 9000" is passed on
	@.ci/setup run
	@exec .venv/bin/gongfang run --sample $(ARGS)

emulator: ## ARGS="--port 9001 --no-limits" is passed on
	@.ci/setup dev
	@exec .venv/bin/python -m tests.emulators.telegram $(ARGS)

homeserver: ## ARGS="--port 9002 --limits" is passed on
	@.ci/setup synapse
	@exec .venv/bin/python -m tests.support.homeserver $(ARGS)

test: ## ARGS="-k journal" is passed on
	@.ci/setup browser
	@.ci/setup synapse
	@GONGFANG_TEST_DB=mixed .venv/bin/pytest $(PARALLEL) $(ARGS)

test-all:
	@.ci/setup browser
	@.ci/setup synapse
	@GONGFANG_TEST_DB=both .venv/bin/pytest $(PARALLEL) -m "" $(ARGS)

test-rest:
	@.ci/setup browser
	@.ci/setup synapse
	@GONGFANG_TEST_DB=rest .venv/bin/pytest $(PARALLEL) -m "" $(ARGS)

faults:
	@.ci/setup synapse
	@.venv/bin/pytest -m faults tests/faults tests/http $(ARGS)

lint:
	@.ci/setup dev
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/pytest -q tests/laws

format:
	@.ci/setup dev
	@.venv/bin/ruff check --fix .

bench:
	@.ci/setup synapse
	@.venv/bin/python -m benchmarks $(ARGS)

messages:
	@.ci/setup dev
	@.venv/bin/python -m tests.laws.catalogue

migration:
	@.ci/setup dev
	@.venv/bin/python -m tests.support.revision "$(NAME)"

browser:
	@.ci/setup browser

screenshots:
	@.ci/setup pictures
	@.ci/setup synapse
	@.venv/bin/python -m tests.e2e.take_screenshots
	@.venv/bin/python -m tests.e2e.take_platform_screenshots
	@.venv/bin/python -m tests.e2e.take_rooms_screenshots

lock:
	@.ci/setup lock $(UPGRADE)

clean:
	rm -rf .venv .pytest_cache .hypothesis .ruff_cache .mypy_cache .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
