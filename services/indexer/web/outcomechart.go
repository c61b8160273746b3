package web

import (
	"fmt"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// outcomeChart shows, hour by hour, how inputs ended.
type outcomeChart struct {
	Bars  []stackedBar
	Hours []outcomeHour // the latest first
	Total outcomeHour
	Most  int64 // the sum of the highest bar
	Marks []time.Time
}

// outcomeHour counts the ends of an hour's inputs. An input that one stage hands to the
// next has not ended.
type outcomeHour struct {
	Begin                             time.Time
	Stored, Unchanged, Rejected, Dead int64
}

func (h outcomeHour) ends() []int64 { return []int64{h.Stored, h.Unchanged, h.Rejected, h.Dead} }

// endClasses are the CSS classes of the ends.
var endClasses = []string{"stored", "unchanged", "rejected", "dead"}

func (h *outcomeHour) add(c store.Count) {
	switch c.Verdict {
	case datelinev1.Verdict_VERDICT_DEAD:
		h.Dead += c.Count
	case datelinev1.Verdict_VERDICT_REJECTED:
		h.Rejected += c.Count
	case datelinev1.Verdict_VERDICT_PRODUCED:
		if c.Stage == datelinev1.Stage_STAGE_INDEX {
			h.Stored += c.Count
		}
	default: // duplicates, and pages that have not changed
		h.Unchanged += c.Count
	}
}

// newOutcomeChart draws a number of hours up to the one that begins at last.
func newOutcomeChart(counts []store.Hour, last time.Time, hours int) outcomeChart {
	chart := outcomeChart{Hours: make([]outcomeHour, hours)}
	for i := range chart.Hours {
		chart.Hours[i].Begin = last.Add(-time.Duration(i) * time.Hour)
	}
	for _, c := range counts {
		if i := int(last.Sub(c.Begin) / time.Hour); i >= 0 && i < hours {
			chart.Hours[i].add(c.Count)
			chart.Total.add(c.Count)
		}
	}
	for _, h := range chart.Hours {
		chart.Most = max(chart.Most, h.Stored+h.Unchanged+h.Rejected+h.Dead)
	}
	for i := range hours {
		h := chart.Hours[hours-1-i]
		bar := stack(i, hours, chart.Most, endClasses, h.ends())
		bar.Begin = h.Begin
		bar.Label = fmt.Sprintf("%s UTC: %d stored, %d unchanged, %d rejected, %d dead",
			h.Begin.UTC().Format("15:04"), h.Stored, h.Unchanged, h.Rejected, h.Dead)
		chart.Bars = append(chart.Bars, bar)
	}
	const marks = 4
	for i := range marks {
		chart.Marks = append(chart.Marks, chart.Hours[hours-1-i*hours/marks].Begin)
	}
	return chart
}
