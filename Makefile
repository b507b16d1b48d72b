# The targets that people use; each is one or a few readable commands.
# PLATFORM names build tags, as in: make bench PLATFORM=process RUN=Invoke/.*/110

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c

ifeq ($(origin PLATFORM),undefined) # in the environment, and not in the command line
# those that need no account
bars doctor: PLATFORM := process,local
PLATFORM := process
endif
RUN      ?= Invoke
LINT     ?= golangci-lint
BARS     ?= ./harness ./harness/build ./harness/drivertest ./harness/results ./platforms/process ./platforms/local ./benchmarks ./experiments/endtoend

.PHONY: check test bench bars report usage sweep doctor

check: ## formatting, vet, types on every target, linters, race detector
	test -z "$$(gofmt -l .)"
	go vet ./... ./testdata
	go -C .ci/targets run . darwin/arm64 darwin/amd64 linux/arm64
	$(LINT) run
	go test -race ./...

test: ## go test ./..., and what was left out because this machine lacks something
	.ci/test ./...

bench: ## functions as Go benchmarks, for benchstat
	go test -tags '$(PLATFORM)' -run '^$$' -bench '$(RUN)' -timeout 60m ./experiments

bars: ## how fast the harness is against the bare thing; status 1 if any falls short
	go test -v -count=1 -timeout 60m -p 1 -tags '$(PLATFORM)' -run '^TestBars$$' $(BARS) | grep --line-buffered -E '^(bar|FAIL|panic)'

report: ## table, statistics and bench.txt of a run again, from its records: RUN=results/<run>, or the latest of SEBS_RESULTS
	go run ./harness/results/report "$(if $(filter file,$(origin RUN)),$$(cat "$${SEBS_RESULTS:-results}/latest" 2>/dev/null),$(RUN))"

usage: ## what platforms tell late of a run's calls, and its statistics again: RUN=results/<run>, or the latest
	SEBS_RUN="$(if $(filter file,$(origin RUN)),,$(RUN))" go test -v -count=1 -tags '$(PLATFORM)' -run '^TestUsage$$' ./experiments

sweep: ## delete what runs left here and on platforms, unless it is to be kept: that when it is expired or has SEBS_PREFIX
	go test -v -count=1 -tags '$(PLATFORM)' -run '^TestSweep$$' ./experiments

doctor: ## what the platforms need of this machine; builds and calls a function in each language
	go test -v -count=1 -timeout 30m -tags '$(PLATFORM)' -run '^TestDoctor$$' ./experiments | grep --line-buffered -vE '^(=== |--- |PASS|ok)|^ +--- '
