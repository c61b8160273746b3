# Run "make help" for a list of targets.
CORPUS  ?= ../shared/corpus
BIN     := bin
# The build of a release. no_antithesis_sdk leaves out the test instrumentation
# that nats-server links, and nopgxregisterdefaulttypes the types of parameters
# whose type PostgreSQL does not state. It states all of them, because statements
# are prepared.
RELEASE := -trimpath -tags no_antithesis_sdk,nopgxregisterdefaulttypes -ldflags '-s -w'
# The developer tools are a module of their own, outside the workspace, so that
# their dependencies do not change the product's.
TOOLS   := GOWORK=off go -C tools
BUF     := $(TOOLS) tool buf

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## Ingest a made-up newsroom on this machine and leave searchable articles
	$(BIN)/dateline demo --once

.PHONY: build
build: ## Build the dateline command and the services into bin/
	@mkdir -p $(BIN)
	go build $(RELEASE) -o $(BIN)/ ./cmd/dateline ./services/fetcher/cmd/fetcher ./services/discoverer/cmd/discoverer ./services/extractor/cmd/extractor ./services/archiver/cmd/archiver ./services/indexer/cmd/indexer ./services/notifier/cmd/notifier

# SQLite and the C library that it uses are C translated to Go. The race detector would find nothing in them, since
# their memory is not that of Go, and would make the tests of the store take ten times the CPU. Packages that use
# generic functions must not be left out: their copies could replace those of instrumented packages.
RACE := -race $(foreach package,sqlite/lib libc memory,-gcflags=modernc.org/$(package)=-race=false)

# Many tests wait for timers and other processes, so that more of them can run than there are processors. A program
# with the race detector sleeps for a second before it exits, as each test binary would. "make lint" runs go vet.
# The tests that run commands thousands of times would take five times as long with the race detector.
.PHONY: test
test: $(BIN)/gotestsum $(BIN)/versitygw ## Run every test, almost all with the race detector, and list at the end what was skipped and why
	go test -vet=off -run WithAFailingStep ./cmd/dateline
	GORACE=atexit_sleep_ms=10 $(BIN)/gotestsum --format pkgname-and-test-fails --format-hide-empty-pkg -- $(RACE) -vet=off -parallel 4 -timeout 45m ./...

# The tests that read a corpus find no races, so that they run without the race detector.
.PHONY: corpus
corpus: ## Check the quality of extraction, search and copies on a corpus of pages (CORPUS=…)
	@if [ -d $(CORPUS) ]; then \
	  DATELINE_CORPUS=$(abspath $(CORPUS)) go test -count 1 -run '^(TestCorpus|TestLanguagesAreFound|TestReplayOfCorpus)$$' \
	    ./services/extractor/article/evaluation ./services/indexer/sketch ./cmd/dateline/internal/languages ./cmd/dateline; \
	else \
	  echo 'NOT TESTED: THE QUALITY OF EXTRACTION, SEARCH AND COPIES. There is no corpus at $(CORPUS): name its folder with CORPUS=…'; \
	fi

.PHONY: readers
readers: ## Read archived pages of a hostile site with the WARC libraries of others (DATELINE_PAGES=…)
	$(TOOLS) test -count 1 -timeout 30m ./warcreaders

.PHONY: mutants
mutants: ## Plant faults in packages and see whether the tests notice (PKG='./internal/stage …' N=20 SEED=1 WITH=…)
	$(TOOLS) run ./mutants -n $(or $(N),20) -seed $(or $(SEED),1) $(if $(WITH),-with $(WITH)) $(or $(PKG),$(error name the packages with PKG=…))

.PHONY: mutants-areas
mutants-areas: ## Plant faults in every area of the product, and print the score by area (N=12 SEED=1 AREAS='notifier;archive' RESULTS=FILE)
	$(TOOLS) run ./mutants -areas -short -n $(or $(N),12) -seed $(or $(SEED),1) $(if $(AREAS),-only '$(AREAS)') $(if $(RESULTS),-resume $(abspath $(RESULTS)))

.PHONY: check
check: format lint prose modules install-check licences vulnerabilities contracts breaking reference ## Run all static checks

.PHONY: format
format: ## Fail if a file is not gofmt'ed
	@files=$$(git ls-files '*.go' | xargs gofmt -l); if [ -n "$$files" ]; then echo "not gofmt'ed:"; echo "$$files"; exit 1; fi

# "make lint" runs it, too.
.PHONY: vet
vet: ## Run go vet
	go vet ./...

include tools/versions.mk
INSTALL  := GOWORK=off GOBIN=$(CURDIR)/$(BIN) go install

$(BIN)/golangci-lint: tools/versions.mk
	$(INSTALL) $(GOLANGCI)
$(BIN)/actionlint: tools/versions.mk
	$(INSTALL) $(ACTIONLINT)
$(BIN)/gotestsum: tools/versions.mk
	$(INSTALL) $(GOTESTSUM)
$(BIN)/versitygw: tools/versions.mk
	$(INSTALL) $(VERSITYGW)
$(BIN)/vale: tools/versions.mk
	$(INSTALL) $(VALE)
$(BIN)/govulncheck: tools/versions.mk
	$(INSTALL) $(VULN)

.PHONY: lint
lint: $(BIN)/golangci-lint $(BIN)/actionlint ## Run golangci-lint on both modules, and actionlint on the workflows
	$(BIN)/actionlint
	$(BIN)/golangci-lint run ./...
	cd tools && GOWORK=off ../$(BIN)/golangci-lint run -c ../.golangci.yml ./...

.PHONY: prose
prose: $(BIN)/vale ## Check the wording of documents, comments, messages and help
	@$(TOOLS) test ./prose
	@$(TOOLS) run ./prose mirror --out ../$(BIN)/prose
	$(BIN)/vale --output line $$(git ls-files '*.md') $(BIN)/prose

.PHONY: prose-sample
prose-sample: ## Draw comment blocks at random for a reader (N=…, SEED=…)
	@$(TOOLS) run ./prose sample -n $(or $(N),100) -seed $(or $(SEED),1)

.PHONY: licences
licences: ## Check the licences of all modules that are linked
	@$(TOOLS) test ./licences
	$(TOOLS) run ./licences ./cmd/... ./services/...

# The vulnerability database comes from its source, which is a Go module, so that the
# check also runs where vuln.go.dev is out of reach. VULNDB=… pins its version.
$(BIN)/vulndb/index/db.json: tools/versions.mk
	GOWORK=off GOBIN=$(CURDIR)/$(BIN) go install $(subst vulndb@,vulndb/cmd/indexdb@,$(VULNDB))
	rm -rf $(BIN)/vulndb
	$(BIN)/indexdb -out $(BIN)/vulndb \
	  -vulns "$$(GOWORK=off go mod download -json $(VULNDB) | sed -n 's/^.*"Dir": "\(.*\)",$$/\1/p')/data/osv"

.PHONY: vulnerabilities
vulnerabilities: $(BIN)/govulncheck $(BIN)/vulndb/index/db.json ## Look for known vulnerabilities in what is linked
	@$(TOOLS) test ./vulnerabilities
	$(BIN)/govulncheck -format json -db file://$(CURDIR)/$(BIN)/vulndb ./... | $(TOOLS) run ./vulnerabilities

.PHONY: modules
modules: ## Check that both go.mod files are tidy, and test the tools that no other target tests
	GOWORK=off go mod tidy -diff
	cd tools && GOWORK=off go vet ./... && GOWORK=off go mod tidy -diff
	@$(TOOLS) test $$($(TOOLS) list -f '{{if .TestGoFiles}}.{{slice .Dir (len .Module.Dir)}}{{end}}' ./... | grep -vE '/(modules|monitoring|warcreaders)(/|$$)')

.PHONY: install-check
install-check: ## Install the command, and import the extraction library, from a module proxy of this tree
	$(TOOLS) test ./modules

.PHONY: contracts
contracts: ## Lint the contracts and check that the generated code is current
	$(BUF) lint ../proto
	@$(MAKE) --no-print-directory generate
	@git diff --exit-code --stat -- proto/gen || (echo "proto/gen is not current: commit what make generate wrote"; exit 1)

.PHONY: generate
generate: ## Generate Go from the contracts
	@mkdir -p $(BIN)
	@$(TOOLS) build -o ../$(BIN)/protoc-gen-go google.golang.org/protobuf/cmd/protoc-gen-go
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BUF) generate ../proto --template ../proto/buf.gen.yaml -o ../proto

.PHONY: reference
reference: ## Check that docs/configuration.md and docs/metrics.md are current
	@go run ./cmd/dateline reference | diff -u docs/configuration.md - || (echo "docs/configuration.md is not current: go run ./cmd/dateline reference > docs/configuration.md"; exit 1)
	@go run ./cmd/dateline reference --metrics | diff -u docs/metrics.md - || (echo "docs/metrics.md is not current: go run ./cmd/dateline reference --metrics > docs/metrics.md"; exit 1)

# What the contracts must not break: the last release, before the first one what main has.
SINCE ?= $(or $(shell git describe --tags --abbrev=0 2>/dev/null),$(shell git rev-parse -q --verify origin/main 2>/dev/null),HEAD)

.PHONY: breaking
breaking: ## Check that the contracts break nothing since the last release (SINCE=…)
	$(BUF) breaking ../proto --against '../.git#ref=$(SINCE),subdir=proto'

.PHONY: deployment
deployment: ## Check what is under deploy/ without starting it: Compose, settings, Kubernetes
	$(TOOLS) test ./deployment/... ./manifests/...

.PHONY: kubernetes
kubernetes: ## Apply the manifests to Kubernetes's own API server, in this process (builds it: 15 minutes)
	$(TOOLS) test -tags kubernetes -timeout 30m ./apiserver

IMAGES := fetcher discoverer extractor archiver indexer notifier

.PHONY: images
images: ## Build the services' images and look at what is in them (VERSION=…)
	@for i in $(IMAGES); do \
	  DOCKER_BUILDKIT=1 docker build -q -f deploy/Dockerfile --target $$i --build-arg VERSION=$(or $(VERSION),devel) --build-arg REVISION=$$(git rev-parse HEAD) -t dateline-$$i . && \
	  docker save dateline-$$i | $(TOOLS) run ./deployment/cmd/hygiene || exit 1; done

.PHONY: sbom
sbom: build ## Write a bill of materials (CycloneDX) for each program into bin/sbom
	@mkdir -p $(BIN)/sbom
	@for i in $(IMAGES) dateline; do $(TOOLS) tool cyclonedx-gomod bin -json -noserial -output ../$(BIN)/sbom/$$i.cdx.json ../$(BIN)/$$i || exit 1; done

.PHONY: release
release: ## Build archives, Debian packages, bills of materials and checksums into bin/release (VERSION=v1.2.3)
	deploy/release/release.sh "$(VERSION)" $(BIN)/release

.PHONY: reproducible
reproducible: ## Build the services twice and compare the programs
	deploy/test/reproducible.sh

# The settings of .env on the command line of make, which exports them.
SETTINGS = $(foreach name,$(shell sed -n 's/^\([A-Z_]*\)=.*/\1/p' deploy/.env.example),$(if $(filter command,$(origin $(name))),$(name)="$$$(name)"))

.PHONY: deploy
deploy: ## Bring the shipped stack up on this host, monitoring too (AGENT='ExampleNews/1.0 (+https://…)')
	@test -e deploy/.env || deploy/generate-env.sh "$$AGENT"
	@deploy/set-env.sh deploy/.env $${AGENT:+"DATELINE_FETCHER_USER_AGENT=$$AGENT"} $(SETTINGS)
	deploy/context.sh
	cd deploy && docker compose --profile tools build && docker compose up -d --wait

.PHONY: endtoend
endtoend: ## Bring the shipped Compose file up under load, kill every part once, see that all is well
	deploy/test/endtoend.sh

.PHONY: users
users: ## Play a developer, an operator and an analyst from a clean clone (COMPOSE=1)
	deploy/test/users.sh

.PHONY: trial
trial: $(BIN)/versitygw ## Bring the shipped Compose file up, put it to the test, and take it down again
	deploy/test/run.sh
	deploy/test/badinput.sh
	deploy/test/fulldisk.sh
	deploy/test/cluster.sh
	deploy/test/external.sh
	deploy/test/archive.sh
	BUCKET=1 deploy/test/archive.sh
	deploy/test/encrypted.sh
	CLUSTER=1 deploy/test/encrypted.sh
	deploy/test/doctor.sh
	CLUSTER=1 deploy/test/doctor.sh
	EXTERNAL=1 deploy/test/doctor.sh
	PODS=1 deploy/test/doctor.sh
	deploy/test/backup.sh

# The Prometheus that rules and dashboards are tried with is built once, in the
# version that is deployed. The tags leave out what discovers targets in clouds.
$(BIN)/promtool $(BIN)/prometheus: tools/go.mod
	@mkdir -p $(BIN)
	CGO_ENABLED=0 $(TOOLS) build -tags netgo,remove_all_sd -ldflags '-s -w' -o ../$@ github.com/prometheus/prometheus/cmd/$(@F)

MONITORING := $(TOOLS) run ./monitoring

.PHONY: dashboards
dashboards: ## Write the Grafana dashboards (tools/monitoring/dashboards) as JSON
	$(MONITORING) generate

.PHONY: dashboards-check
dashboards-check: $(BIN)/promtool ## Check dashboards, alerts and runbooks; run the rules' tests
	$(TOOLS) vet ./monitoring/...
	$(MONITORING) check
	$(TOOLS) test ./monitoring/check/... ./monitoring/dashboards/... ./monitoring/picture/...
	$(BIN)/promtool check rules deploy/prometheus/rules/*.yaml
	$(BIN)/promtool test rules deploy/prometheus/tests/*.yaml

.PHONY: dashboards-live
dashboards-live: $(BIN)/prometheus ## Ask every query of a Dateline under load, or of the stack behind PROMETHEUS=http://…
ifdef PROMETHEUS
	$(MONITORING) live -prometheus $(PROMETHEUS) -window 1m -range 10m
else
	go build $(RELEASE) -o $(BIN)/ ./cmd/dateline
	$(MONITORING) live
	$(TOOLS) test ./monitoring/trial
endif

.PHONY: pictures
pictures: ## Draw every web page of a made-up newsroom into docs/pictures (needs Chromium)
	go test -count 1 -run '^TestDrawPages$$' ./services/indexer/web -args -pictures $(CURDIR)/docs/pictures

.PHONY: dashboards-pictures
dashboards-pictures: $(BIN)/prometheus ## Draw the dashboards of a Dateline under load into docs/pictures
	go build $(RELEASE) -o $(BIN)/ ./cmd/dateline
	$(MONITORING) pictures -range 10m

.PHONY: serve-corpus
serve-corpus: ## Serve a corpus of pages on loopback (CORPUS=…) and write its URLs to bin/corpus.urls
	@mkdir -p $(BIN)
	$(TOOLS) run ./cmd/servecorpus --corpus $(abspath $(CORPUS)) --set aeb-dev,fundus-dev --hosts 20 --urls $(abspath $(BIN))/corpus.urls

.PHONY: bench
bench: ## Measure the pipeline beside its parts (CORPUS=…); see docs/benchmarks.md
	DATELINE_CORPUS=$(abspath $(CORPUS)) go test ./cmd/dateline -run '^$$' -bench BenchmarkPipeline -benchtime 1x -timeout 30m

.PHONY: model
model: ## Train the models of the extractor again and cross-validate them (CORPUS=…); see docs/evaluation.md
	go run ./services/extractor/article/cmd/train -corpus $(abspath $(CORPUS)) -cross site,set \
	  -out services/extractor/article/internal/body

# A number of inputs: at the end of a time, go test can fail without a failing input
# (golang.org/issue/75804).
FUZZTIME ?= 20000x

.PHONY: fuzz
fuzz: ## Try each fuzz target with a number of inputs (FUZZTIME=…)
	@grep -rl --include='*_test.go' '^func Fuzz' cmd internal services | sort -u | while read -r file; do \
	  for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' $$file); do \
	    echo "fuzz $$file $$target"; \
	    out=$$(go test ./$$(dirname $$file) -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x 2>&1) || { echo "$$out"; exit 1; }; \
	  done || exit 1; done

.PHONY: charsets
charsets: ## Measure the detection of charsets (CORPUS=…); see docs/evaluation.md
	$(TOOLS) run ./charsets -corpus $(abspath $(CORPUS))

.PHONY: peers
peers: ## Measure other extractors for Go beside Dateline's (CORPUS=…); see docs/evaluation.md
	$(TOOLS) run ./peers -corpus $(abspath $(CORPUS))

.PHONY: crawl
crawl: ## Compare the fetcher with bare net/http and colly on a thousand loopback hosts
	go build -o $(BIN)/fetcher-bench ./services/fetcher/bench
	$(TOOLS) build -o ../$(BIN)/ ./cmd/collybench
	$(BIN)/fetcher-bench -colly $(BIN)/collybench

.PHONY: clean
clean: ## Remove what make built and what the demo left
	rm -rf $(BIN) dateline-demo
