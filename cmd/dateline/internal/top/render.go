package top

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Render writes a snapshot as lines that fit a screen of some columns and rows:
// 80 by 24 hold all of it.
func Render(s Snapshot, columns, rows int) string {
	lines := append(head(s), stages(s)...)
	lines = append(lines, "")
	lines = append(lines, summary(s)...)
	lines = append(lines, "")
	lines = append(lines, streams(s)...)
	for i, line := range lines {
		if utf8.RuneCountInString(line) > columns {
			lines[i] = string([]rune(line)[:max(0, columns-1)]) + "…"
		}
	}
	return strings.Join(lines[:min(len(lines), max(rows, 1))], "\n")
}

func head(s Snapshot) []string {
	lines := []string{fmt.Sprintf("dateline top   %s   %d of %d processes answer   rates of %.0f s   q quits",
		s.Time.Format(time.TimeOnly), s.Processes-len(s.Silent), s.Processes, s.Seconds)}
	if len(s.Silent) > 0 {
		return append(lines, "no answer: "+strings.Join(s.Silent, "; "))
	}
	return append(lines, "")
}

func stages(s Snapshot) []string {
	const form = "%-8s %7s %8s %7s %8s %8s %8s %7s %7s"
	lines := []string{fmt.Sprintf(form, "stage", "ended/s", "produced", "dead/s", "retry/s", "in work", "waiting", "oldest", "median")}
	for _, one := range s.Stages {
		lines = append(lines, fmt.Sprintf(form, one.Name, perSecond(one.Ended), perSecond(one.Produced),
			perSecond(one.Dead), perSecond(one.Retries), number(one.InFlight), number(one.Waiting), duration(one.Oldest), duration(one.Median)))
	}
	return lines
}

func summary(s Snapshot) []string {
	fresh := "no article was stored in this time"
	if s.Freshness.Articles > 0 {
		fresh = fmt.Sprintf("%s to the store (median), %s (95 %%), of %s articles", duration(s.Freshness.Median), duration(s.Freshness.Slow), number(s.Freshness.Articles))
	}
	var dead []string
	total := int64(0)
	for i, one := range s.Dead {
		total += one.Count
		if i < 4 {
			dead = append(dead, fmt.Sprintf("%s %s %s", one.Stage, one.Reason, number(one.Count)))
		}
	}
	deadText := number(total)
	if total > 0 {
		deadText += " since the start: " + strings.Join(dead, ", ")
	}
	var why []string
	for _, cause := range slices.Sorted(maps.Keys(s.Silence)) {
		if n := s.Silence[cause]; n > 0 {
			why = append(why, fmt.Sprintf("%s %d", cause, n))
		}
	}
	sources := fmt.Sprintf("%d publish, %d are silent, %d are new", s.Sources["publishing"], s.Sources["silent"], s.Sources["learning"])
	if why != nil {
		sources += " (" + strings.Join(why, ", ") + ")"
	}
	store := fmt.Sprintf("%s articles, %s", number(s.Articles), size(s.StoreBytes))
	if s.FreeBytes > 0 {
		store += ", " + size(s.FreeBytes) + " free"
	}
	if s.Unaccounted > 0 {
		store += fmt.Sprintf("; %s inputs are unaccounted for", number(s.Unaccounted))
	}
	return []string{
		"fresh     " + fresh,
		fmt.Sprintf("hosts     %s asked now, %s queued, %s left alone (they fail), %s refuse", number(s.Hosts.Active), number(s.Hosts.Queued), number(s.Hosts.Breakers), number(s.Hosts.Refusing)),
		"sources   " + sources,
		"dead      " + deadText,
		"store     " + store,
	}
}

func streams(s Snapshot) []string {
	lines := []string{"stream      messages     size   full   oldest"}
	for _, one := range s.Streams {
		full := ""
		if one.Limit > 0 {
			full = fmt.Sprintf("%.0f %%", 100*float64(one.Bytes)/float64(one.Limit))
		}
		lines = append(lines, fmt.Sprintf("%-10s %9s %8s %6s %8s", one.Name, number(one.Messages), size(one.Bytes), full, duration(one.Oldest)))
	}
	return lines
}

func perSecond(r float64) string {
	switch {
	case r == 0:
		return "0"
	case r < 10:
		return fmt.Sprintf("%.1f", r)
	}
	return number(int64(r + 0.5))
}

// number writes a count in at most seven columns.
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

// duration writes seconds in at most six columns; nothing for none.
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
