package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// articleFlags are the flags that restrict a command to some articles.
type articleFlags struct {
	chosen        store.Filter
	access        []string
	since, before string
}

func (f *articleFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.chosen.Hosts, "host", nil,
		"Only articles from these `hosts` and their subdomains, separated by commas.")
	flags.StringSliceVar(&f.chosen.Languages, "language", nil,
		"Only articles in these `languages`, such as ku, separated by commas.")
	flags.StringArrayVar(&f.chosen.Sections, "section", nil, "Only articles in this `section`; repeatable.")
	flags.StringArrayVar(&f.chosen.Authors, "author", nil, "Only articles by this `author`; repeatable.")
	flags.StringArrayVar(&f.chosen.Tags, "tag", nil, "Only articles with this `tag`; repeatable.")
	flags.StringArrayVar(&f.chosen.Labels, "label", nil,
		"Only articles whose request had this label, as `key=value`; repeatable.")
	flags.StringSliceVar(&f.access, "access", nil, "Only articles with this `access`: free or paywalled.")
	flags.StringVar(&f.since, "since", "",
		"Only articles from this `time` on: a day (2026-11-25, today, yesterday), a time in RFC 3339, or how long "+
			"ago (7d, 12h). An article's time is its publication or, if that is unknown, its first fetch.")
	flags.StringVar(&f.before, "before", "", "Only articles from before this `time`; --since describes its forms.")
}

func (f *articleFlags) filter() (store.Filter, error) {
	chosen := f.chosen
	var err error
	if chosen.From, err = parseBound("since", f.since); err != nil {
		return chosen, err
	}
	if chosen.Before, err = parseBound("before", f.before); err != nil {
		return chosen, err
	}
	for _, word := range f.access {
		access, err := store.ParseAccess(strings.TrimSpace(word))
		if err != nil {
			return chosen, &usageError{fmt.Errorf("--access: %w", err)}
		}
		chosen.Access = append(chosen.Access, access)
	}
	return chosen, nil
}

// parseTime parses a time in a form of store.ParseTime, or one relative to now: today,
// yesterday, or how long ago, such as 90m, 12h, 7d or 2w. Days begin at midnight UTC, as
// those of store.ParseTime.
func parseTime(text string, now time.Time) (time.Time, error) {
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	today := now.UTC().Truncate(day)
	switch text {
	case "today":
		return today, nil
	case "yesterday":
		return today.Add(-day), nil
	}
	for suffix, unit := range map[string]time.Duration{"d": day, "w": week} {
		if number, is := strings.CutSuffix(text, suffix); is {
			const most = 100_000 // days or weeks: they fit a duration
			if n, err := strconv.Atoi(number); err == nil && n >= 0 && n*int(unit/day) <= most {
				return now.Add(-time.Duration(n) * unit), nil
			}
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	at, err := store.ParseTime(text)
	if err != nil {
		return at, fmt.Errorf("%w, or how long ago, such as 7d", err)
	}
	return at, nil
}

// parseBound parses the value of a flag that bounds a time. The zero time means no
// bound.
func parseBound(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := parseTime(text, time.Now())
	if err != nil {
		return at, &usageError{fmt.Errorf("--%s: %w", flag, err)}
	}
	return at, nil
}
