package top

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// Render formats a snapshot for a screen of the given size. hint ends its first line.
// Everything fits into 80 columns and 24 rows.
func Render(s Snapshot, hint string, columns, rows int) string {
	lines := append(renderHead(s), renderStages(s)...)
	lines[0] += hint
	lines = append(lines, "")
	lines = append(lines, renderSummary(s)...)
	lines = append(lines, "")
	lines = append(lines, renderStreams(s)...)
	for i, line := range lines {
		line = escape.Line(line)
		if utf8.RuneCountInString(line) > columns {
			line = string([]rune(line)[:max(0, columns-1)]) + "…"
		}
		lines[i] = line
	}
	return strings.Join(lines[:min(len(lines), max(rows, 1))], "\n")
}

func renderHead(s Snapshot) []string {
	lines := []string{fmt.Sprintf("dateline top   %s   %d of %d processes answer   rates over %.0f s",
		s.Time.Format(time.TimeOnly), s.Processes-len(s.Silent), s.Processes, s.Seconds)}
	if len(s.Silent) > 0 {
		return append(lines, "no answer: "+strings.Join(s.Silent, "; "))
	}
	return append(lines, "")
}

func renderStages(s Snapshot) []string {
	const form = "%-8s %7s %8s %7s %8s %9s %8s %7s %7s"
	lines := []string{fmt.Sprintf(form,
		"stage", "ended/s", "produced", "dead/s", "retry/s", "in flight", "waiting", "oldest", "median")}
	for _, one := range s.Stages {
		if one.Name == subscriptions.Stage && s.Subscriptions.isNone() {
			continue // the rows are needed for others
		}
		lines = append(lines, fmt.Sprintf(form,
			one.Name, perSecond(one.Ended), perSecond(one.Produced), perSecond(one.Dead), perSecond(one.Retries),
			number(one.InFlight), number(one.Waiting), duration(one.Oldest), duration(one.Median)))
	}
	return lines
}

func renderSummary(s Snapshot) []string {
	lines := []string{
		"fresh     " + renderFreshness(s.Freshness),
		"hosts     " + renderHosts(s.Hosts),
		"sources   " + renderSources(s),
		"dead      " + renderDead(s.Dead),
		"store     " + renderStore(s),
	}
	if !s.Subscriptions.isNone() {
		lines = append(lines, "notify    "+renderSubscriptions(s.Subscriptions))
	}
	return lines
}

func (s Subscriptions) isNone() bool { return s.Active+s.Failing+s.Suspended == 0 }

func renderSubscriptions(s Subscriptions) string {
	text := fmt.Sprintf("%s active, %s failing", number(s.Active), number(s.Failing))
	if s.FailingTime > 0 {
		text += " (for " + duration(s.FailingTime) + ")"
	}
	text += fmt.Sprintf(", %s suspended", number(s.Suspended))
	if s.Behind > 0 {
		text += ", matching is " + duration(s.Behind) + " behind"
	}
	return text
}

func renderHosts(h Hosts) string {
	sharing := ""
	switch {
	case h.SharedAddresses == 1:
		sharing = fmt.Sprintf(" (%s share one address)", number(h.Sharing))
	case h.SharedAddresses > 1:
		sharing = fmt.Sprintf(" (%s share %s addresses)", number(h.Sharing), number(h.SharedAddresses))
	}
	return fmt.Sprintf("%s active, %s queued%s, %s paused, %s refusing",
		number(h.Active), number(h.Queued), sharing, number(h.Breakers), number(h.Refusing))
}

func renderFreshness(f Freshness) string {
	if f.Articles == 0 {
		return "no article was stored in this period"
	}
	return fmt.Sprintf("%s until stored (median), %s (95 %%), for %s articles",
		duration(f.Median), duration(f.Slow), number(f.Articles))
}

func renderSources(s Snapshot) string {
	text := fmt.Sprintf("%d publishing, %d silent, %d new",
		s.Sources["publishing"], s.Sources["silent"], s.Sources["learning"])
	var causes []string
	for _, cause := range slices.Sorted(maps.Keys(s.Silence)) {
		if n := s.Silence[cause]; n > 0 {
			causes = append(causes, fmt.Sprintf("%s %d", cause, n))
		}
	}
	if causes != nil {
		text += " (" + strings.Join(causes, ", ") + ")"
	}
	return text
}

// maxReasons is the number of reasons of dead letters that fit on a line.
const maxReasons = 4

func renderDead(dead []Reason) string {
	var reasons []string
	total := int64(0)
	for i, one := range dead {
		total += one.Count
		if i < maxReasons {
			reasons = append(reasons, fmt.Sprintf("%s %s %s", one.Stage, one.Reason, number(one.Count)))
		}
	}
	if total == 0 {
		return "0"
	}
	return number(total) + " since start: " + strings.Join(reasons, ", ")
}

func renderStore(s Snapshot) string {
	text := fmt.Sprintf("%s articles, %s", number(s.Articles), size(s.StoreBytes))
	if s.FreeBytes > 0 {
		text += ", " + size(s.FreeBytes) + " free"
	}
	if s.Unaccounted > 0 {
		text += fmt.Sprintf("; %s inputs are unaccounted for", number(s.Unaccounted))
	}
	return text
}

func renderStreams(s Snapshot) []string {
	lines := []string{"stream      messages     size   full   oldest"}
	for _, one := range s.Streams {
		full := ""
		if one.Limit > 0 {
			full = fmt.Sprintf("%.0f %%", 100*float64(one.Bytes)/float64(one.Limit))
		}
		lines = append(lines, fmt.Sprintf("%-10s %9s %8s %6s %8s",
			one.Name, number(one.Messages), size(one.Bytes), full, duration(one.Oldest)))
	}
	return lines
}

func perSecond(rate float64) string {
	switch {
	case rate == 0:
		return "0"
	case rate < 10:
		return fmt.Sprintf("%.1f", rate)
	}
	return number(int64(rate + 0.5))
}

// number formats a count in at most seven columns.
func number(n int64) string {
	switch {
	case n >= 1_000_000_000:
		return fmt.Sprintf("%.1fG", float64(n)/1e9)
	case n >= 1_000_000:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	case n >= 1_000:
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprint(n)
}

// size formats a number of bytes.
func size(n int64) string {
	f := float64(n)
	for _, unit := range []string{"B", "KB", "MB", "GB"} {
		if f < 1000 {
			return fmt.Sprintf("%.3g %s", f, unit)
		}
		f /= 1024
	}
	return fmt.Sprintf("%.3g TB", f)
}

// duration formats seconds in at most six columns, and zero as a dash.
func duration(seconds float64) string {
	switch {
	case seconds <= 0:
		return "-"
	case seconds < 0.001:
		return fmt.Sprintf("%.0fµs", seconds*1e6)
	case seconds < 1:
		return fmt.Sprintf("%.0fms", seconds*1e3)
	case seconds < 60:
		return fmt.Sprintf("%.1fs", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%.0fm", seconds/60)
	case seconds < 48*3600:
		return fmt.Sprintf("%.0fh", seconds/3600)
	}
	return fmt.Sprintf("%.0fd", seconds/86400)
}
