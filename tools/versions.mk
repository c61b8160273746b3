# Developer tools with many dependencies of their own. They are built outside both
# modules, so that their dependencies change no version there.
GOLANGCI   := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VALE       := github.com/vale-cli/vale/v3/cmd/vale@v3.21.0
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GOTESTSUM  := gotest.tools/gotestsum@v1.13.0
# The S3 server of the tests.
VERSITYGW  := github.com/versity/versitygw/cmd/versitygw@v1.8.0
VULN       := golang.org/x/vuln/cmd/govulncheck@v1.9.0
VULNDB     := golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018
