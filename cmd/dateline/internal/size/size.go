package size

import (
	"fmt"
	"math"
	"time"

	"github.com/dateline-news/dateline/services/indexer"
)

// Estimate is what a deployment needs.
type Estimate struct {
	PagesPerDay   int64   `json:"pages_per_day"`
	RetentionDays float64 `json:"retention_days"`
	// Needs are quantities, in the same order for every estimate.
	Needs []Need `json:"needs"`
	// Settings are those that differ from the defaults, by key.
	Settings map[string]string `json:"settings"`
	// Limits are the parts that do not hold at this size, or were not measured at it.
	Limits []string `json:"limits"`
}

// Need is a quantity that a deployment needs.
type Need struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// From are the names of the figures that it was computed from.
	From []string `json:"from"`
}

// The units of needs. The others are numbers without a unit.
const (
	Bytes     = "bytes"
	PerSecond = "per second"
)

const (
	day  = 24 * time.Hour
	kilo = 1e3
	mega = 1e6
	giga = 1e9
	mebi = 1 << 20
	// cores is the number of cores on which PostgreSQL was measured.
	cores = 2
	// largeMemory is a memory for marks that usual machines still have.
	largeMemory = 16 * giga
)

// Of estimates what is needed for a number of pages a day, all of which are articles that are kept
// in the store for a time.
func Of(pagesPerDay int64, retention time.Duration) Estimate {
	m, pages := measured, float64(pagesPerDay)
	days := retention.Hours() / day.Hours()
	mean := pages / day.Seconds()
	busiest := peak * mean
	stored := pages * days
	isFile := stored <= largestFile
	services := busiest * (m.pipeline.Value - m.sqlite.Value) / kilo / reserve
	database := busiest * cores / m.postgres.Value / reserve
	if isFile {
		database = busiest * m.sqlite.Value / kilo / reserve
	}
	nodes := clusterNodes
	if isFile {
		nodes = 1
	}
	copies := pages * indexer.DefaultConfig().CopiesWindow.Hours() / day.Hours() * m.copied.Value
	marks := pages * markDays
	marks = max(marks*m.mark.Value, min(marks, markEntries)*m.entry.Value)
	waiting := busiest * waitingHours * time.Hour.Seconds() * m.waiting.Value
	e := Estimate{PagesPerDay: pagesPerDay, RetentionDays: days, Settings: map[string]string{}}
	add := func(name string, value float64, unit string, from ...Figure) {
		need := Need{Name: name, Value: value, Unit: unit, From: []string{}}
		for _, f := range from {
			need.From = append(need.From, f.Name)
		}
		e.Needs = append(e.Needs, need)
	}
	add("pages, mean", mean, PerSecond)
	add("pages, busiest hours", busiest, PerSecond)
	add("messages, busiest hours", busiest*messages, PerSecond)
	add("cores of the services and NATS", math.Ceil(services), "", m.pipeline, m.sqlite)
	if isFile {
		add("cores of the store", math.Ceil(database), "", m.sqlite)
	} else {
		add("cores of the store", math.Ceil(database), "", m.postgres)
	}
	add("NATS nodes", float64(nodes), "")
	add("memory of each NATS node: marks", marks, Bytes, m.entry, m.mark)
	add("memory of each NATS node: waiting URLs", waiting, Bytes, m.waiting)
	add("memory of each indexer: copies", copies, Bytes, m.copied)
	add("disk of the store: articles", stored*m.article.Value*kilo, Bytes, m.article)
	add("disk of the store: outcomes", stored*outcomes*m.outcome.Value, Bytes, m.outcome)
	add("disk of the archive, if there is one", stored*m.archived.Value*kilo, Bytes, m.archived)
	e.configure(isFile, copies)
	e.limit(busiest, stored, marks, database)
	return e
}

// configure adds the settings.
func (e *Estimate) configure(isFile bool, copies float64) {
	e.Settings["store.url"] = "postgres://…"
	if isFile {
		e.Settings["store.url"] = "sqlite:…"
	}
	defaults := indexer.DefaultConfig()
	if copies > float64(defaults.CopiesMemory) {
		e.Settings["indexer.copies-memory"] = fmt.Sprintf("%dMiB", int(math.Ceil(copies/mebi)))
	}
	if kept := time.Duration(e.RetentionDays * float64(day)); kept != defaults.KeepOutcomes {
		e.Settings["indexer.keep-outcomes"] = fmt.Sprintf("%.0fh", kept.Hours())
	}
}

// limit adds what does not hold at this size.
func (e *Estimate) limit(busiest, stored, marks, database float64) {
	m := measured
	add := func(format string, values ...any) { e.Limits = append(e.Limits, fmt.Sprintf(format, values...)) }
	if marks > largeMemory {
		add("marks of requested URLs take %.0f GB in the memory of each NATS node", marks/giga)
	}
	if published := pairMessages * m.streams.Value; busiest*messages > published {
		add("%.0f messages a second are more than the %.0f that were measured", busiest*messages, published)
	}
	if database > cores {
		add("PostgreSQL was measured on two cores only, with %.0f articles a second", m.postgres.Value)
	}
	if stored > m.articles.Value {
		add("searches were measured with %.0f million articles, and the store has %.0f million",
			m.articles.Value/mega, stored/mega)
	}
}
