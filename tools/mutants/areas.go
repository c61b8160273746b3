package main

import (
	"path"
	"slices"
	"strings"
)

// area is a part of the product whose faults are drawn and counted together.
type area struct {
	Name string
	// Packages are relative to the root of the module.
	Packages []string
	// Files are patterns of base names. Only faults in such files belong to the area, and if Others is true, only
	// faults in other files.
	Files  []string
	Others bool
	// With are further packages whose tests may notice a fault that the tests of its own package do not.
	With []string
}

// searchFiles are the files of the store that read. The others write.
var searchFiles = []string{
	"*_newest.go", "*_read.go", "*_rollup.go", "*_search.go", "*_span.go", "*_words.go", "*collapse.go", "*columns.go",
	"candidates.go", "cursor.go", "facets.go", "filter.go", "histogram.go", "page.go", "period.go", "query.go", "rank.go",
	"result.go", "snippet.go", "span.go", "sqlite_languages.go", "standing*.go", "stories.go", "usage.go",
}

// areas has every package of the product once, with the exception of those in untested. The store is in two areas.
var areas = []area{
	{Name: "fetcher", Packages: []string{"services/fetcher", "services/fetcher/cmd/fetcher"},
		With: []string{"cmd/dateline"}},
	{Name: "frontier and politeness", Packages: []string{
		"services/fetcher/internal/frontier", "services/fetcher/internal/pace", "services/fetcher/internal/refresh",
		"services/fetcher/internal/site",
	}, With: []string{"services/fetcher"}},
	{Name: "intake and seen marks", Packages: []string{
		"services/fetcher/internal/intake", "services/fetcher/internal/seen",
	}, With: []string{"services/fetcher"}},
	{Name: "HTTP, robots, DNS", Packages: []string{
		"services/fetcher/internal/dnscache", "services/fetcher/internal/httpget", "services/fetcher/internal/robots",
		"internal/contenttype", "internal/dialguard", "internal/hosts", "internal/httphead", "internal/weburl",
	}, With: []string{"services/fetcher"}},
	{Name: "discoverer", Packages: []string{
		"services/discoverer", "services/discoverer/cmd/discoverer", "services/discoverer/internal/feed",
		"services/discoverer/internal/found", "services/discoverer/internal/hub", "services/discoverer/internal/links",
		"services/discoverer/internal/schedule", "services/discoverer/internal/sitemap", "services/discoverer/sources",
		"services/discoverer/trial",
	}, With: []string{"services/discoverer", "cmd/dateline"}},
	{Name: "extractor", Packages: []string{
		"services/extractor", "services/extractor/cmd/extractor", "services/extractor/internal/drift",
		"internal/decode", "internal/pagebody", "internal/pages",
	}, With: []string{"services/extractor", "cmd/dateline"}},
	{Name: "article", Packages: []string{
		"services/extractor/article", "services/extractor/article/internal/body", "services/extractor/article/internal/dates",
		"services/extractor/article/internal/facts", "services/extractor/article/internal/fields",
		"services/extractor/article/internal/gbdt", "services/extractor/article/internal/jsonbound",
		"services/extractor/article/internal/jsonld", "services/extractor/article/internal/norm",
		"services/extractor/article/internal/page", "services/extractor/article/internal/picture",
		"services/extractor/article/internal/record", "services/extractor/article/internal/wall",
		"services/extractor/article/internal/wordlist",
	}, With: []string{"services/extractor/article", "services/extractor"}},
	{Name: "archive", Packages: []string{
		"services/archiver", "services/archiver/captures", "services/archiver/cmd/archiver", "services/archiver/files",
		"services/archiver/internal/folder", "services/archiver/warcfile", "internal/warc",
	}, With: []string{"services/archiver", "cmd/dateline"}},
	{Name: "store, writing", Packages: []string{"services/indexer/store"},
		Files: searchFiles, Others: true, With: []string{"services/indexer"}},
	{Name: "store, searching", Packages: []string{"services/indexer/store"},
		Files: searchFiles, With: []string{"services/indexer", "services/indexer/web"}},
	{Name: "indexer", Packages: []string{
		"services/indexer", "services/indexer/baseline", "services/indexer/cmd/indexer", "services/indexer/library",
		"services/indexer/progress", "services/indexer/replica", "services/indexer/sketch", "services/indexer/textdiff",
		"services/indexer/words",
	}, With: []string{"services/indexer", "services/indexer/store", "services/indexer/web", "cmd/dateline"}},
	{Name: "web and API", Packages: []string{
		"services/indexer/access", "services/indexer/api", "services/indexer/web", "cmd/dateline/internal/webapi",
	}, With: []string{"services/indexer/web", "cmd/dateline"}},
	{Name: "notifier", Packages: []string{
		"services/notifier", "services/notifier/cmd/notifier", "services/notifier/forms", "services/notifier/sample",
		"services/notifier/subscriptions", "services/notifier/targets", "services/notifier/webhook",
	}, With: []string{"services/notifier", "cmd/dateline"}},
	{Name: "bus and stages", Packages: []string{
		"internal/bus", "internal/loop", "internal/stage", "internal/subject", "internal/topology",
	}, With: []string{"services/extractor", "services/fetcher", "cmd/dateline"}},
	{Name: "ledger and dead letters", Packages: []string{
		"internal/backlog", "internal/deadletter", "internal/ledger", "internal/outcome",
	}, With: []string{"services/indexer", "cmd/dateline"}},
	{Name: "running", Packages: []string{
		"internal/bucket", "internal/config", "internal/disk", "internal/escape", "internal/httpserve", "internal/natsembed",
		"internal/objects", "internal/process", "internal/telemetry", "internal/tracing", "internal/wholefile",
		"cmd/dateline/internal/pipeline", "cmd/dateline/internal/newsroom",
	}, With: []string{"services/archiver", "cmd/dateline"}},
	{Name: "commands", Packages: []string{
		"cmd/dateline", "cmd/dateline/internal/cli", "cmd/dateline/internal/contexts", "cmd/dateline/internal/doctor",
		"cmd/dateline/internal/languages", "cmd/dateline/internal/size", "cmd/dateline/internal/top",
		"cmd/dateline/internal/follow",
	}, With: []string{"cmd/dateline"}},
	{Name: "moving data", Packages: []string{
		"cmd/dateline/internal/backup", "cmd/dateline/internal/dayexport", "cmd/dateline/internal/ingest",
		"cmd/dateline/internal/mcpserver", "cmd/dateline/internal/repair", "cmd/dateline/internal/replay",
		"cmd/dateline/internal/sink",
	}, With: []string{"cmd/dateline"}},
}

// untested are packages that only tests, benchmarks and developers use, and generated code.
var untested = []string{
	"internal/certtest", "internal/configtest", "internal/corpus", "internal/ctxtest", "internal/disktest",
	"internal/failtest", "internal/natstest", "internal/postgrestest", "internal/s3test", "internal/smtptest",
	"internal/tracetest", "internal/warctest", "proto/gen/dateline/v1", "services/discoverer/internal/world",
	"services/extractor/article/cmd/train", "services/extractor/article/cmd/traincharsets",
	"services/extractor/article/evaluation", "services/fetcher/bench", "services/fetcher/bench/contender",
	"services/indexer/storetest", "services/notifier/forms/formstest",
}

// has reports whether a file of a package of the area belongs to the area.
func (a area) has(file string) bool {
	if len(a.Files) == 0 {
		return true
	}
	return a.Others != slices.ContainsFunc(a.Files, func(pattern string) bool {
		matched, _ := path.Match(pattern, path.Base(file))
		return matched
	})
}

// patterns returns the packages as patterns of the go command.
func (a area) patterns() []string {
	list := make([]string, len(a.Packages))
	for i, p := range a.Packages {
		list[i] = "./" + strings.TrimPrefix(p, "./")
	}
	return list
}
