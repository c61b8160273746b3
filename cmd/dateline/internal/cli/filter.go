package cli

import (
	"fmt"
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
		"Only articles from this `time` on: a day (2026-11-25) or a time in RFC 3339. An article's time is its "+
			"publication or, if that is unknown, its first fetch.")
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

// parseBound parses the value of a flag that bounds a time. The zero time means no
// bound.
func parseBound(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := store.ParseTime(text)
	if err != nil {
		return at, &usageError{fmt.Errorf("--%s: %w", flag, err)}
	}
	return at, nil
}
