// Package size estimates what a deployment needs for a number of pages a day. Every number comes
// from a measurement in docs/benchmarks.md or from an assumption that is stated.
package size

import "github.com/dateline-news/dateline/services/indexer/store"

// Figure is a measurement.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Section is the heading in docs/benchmarks.md under which Quote has the value.
	Section string `json:"section"`
	Quote   string `json:"quote"`
}

// measured are all figures that estimates use.
var measured = struct {
	pipeline, sqlite, postgres, streams, article, outcome, archived, copied, entry, mark, waiting, articles Figure
}{
	pipeline: Figure{"the whole pipeline", 14.7, "ms of CPU per page", "Pipeline",
		"| **whole pipeline** | **14.7** | **83** |"},
	sqlite: Figure{"its part of SQLite", 0.92, "ms of CPU per page", "Pipeline",
		"| store: SQLite with full-text index, batches of 200 | 0.92 | 934 |"},
	streams: Figure{"streams, a page and a record", 594, "pages per second on one connection", "Pipeline",
		"| streams: a page and a 4 KB record published and consumed | 0.86 | 594 |"},
	postgres: Figure{"storing in PostgreSQL", 222, "articles per second on two cores", "Store",
		"| PostgreSQL 15, fsync off | 222 to 366 |"},
	article: Figure{"an article in the store", 27, "KB", "Store", "27 KB per article"},
	outcome: Figure{"an outcome in PostgreSQL", 722, "bytes", "Store", "722 bytes in PostgreSQL"},
	articles: Figure{"articles in PostgreSQL when searches were measured", 1_029_000, "articles", "Store",
		"PostgreSQL 15 had 1,029,000 articles"},
	archived: Figure{"a page in an archive", 1_000_000.0 / 25_059, "KB", "Archive",
		"25,059 pages in a file of 1.0 GB"},
	copied: Figure{"an article in the window of copies, at most", store.BytesPerCopy, "bytes of memory", "Store",
		"so at most 100 bytes"},
	entry: Figure{"a mark with an entry of its own in NATS, at the peak", 453, "bytes of memory", "NATS",
		"| a mark with an entry of its own | 218 | 453 |"},
	mark: Figure{"the mark of a requested URL in NATS", 25, "bytes of memory", "NATS",
		"| the mark of a requested URL, of 10,000,000 | 12 | 25 |"},
	waiting: Figure{"a waiting URL in NATS, at the peak", 180, "bytes of memory", "NATS",
		"| 10,000,000 | mixed | in the order of the stream, without locating hosts | 6 | 180 |"},
}

// Figures returns all measurements that estimates use.
func Figures() []Figure {
	m := measured
	return []Figure{
		m.pipeline, m.sqlite, m.streams, m.postgres, m.article, m.outcome, m.articles, m.archived, m.copied, m.entry, m.mark,
		m.waiting,
	}
}

const (
	// peak is the assumed rate of the busiest hours relative to that of the day.
	peak = 3
	// messages is the number of messages per page: the URL, the page, the article, and four outcomes.
	messages = 7
	// outcomes is the number of outcomes per page.
	outcomes = 4
	// pairMessages is the number of messages of a page and a record.
	pairMessages = 2
	// clusterNodes is the number of NATS nodes that survive the loss of one.
	clusterNodes = 3
	// markDays is how long the mark of a requested URL is kept.
	markDays = 31
	// markEntries is the number of marks that have entries of their own however few there are.
	markEntries = 50_000
	// waitingHours is the assumed backlog: all URLs of that time at the peak, in hours.
	waitingHours = 1
	// largestFile is the number of articles up to which SQLite is proposed.
	largestFile = 1_000_000
	// reserve is the part of the processors that stays unused at the peak.
	reserve = 0.5
)
