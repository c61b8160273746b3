package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// articleFlags are the flags by which a command chooses articles.
type articleFlags struct {
	chosen        store.Filter
	access        []string
	since, before string
}

func (f *articleFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.chosen.Hosts, "host", nil, "Only articles of this host, or of all hosts of this domain; several separated by commas.")
	flags.StringSliceVar(&f.chosen.Languages, "language", nil, `Only articles in this language, such as "ku".`)
	flags.StringArrayVar(&f.chosen.Sections, "section", nil, "Only articles of this section.")
	flags.StringArrayVar(&f.chosen.Authors, "author", nil, "Only articles by this author.")
	flags.StringArrayVar(&f.chosen.Tags, "tag", nil, "Only articles with this tag.")
	flags.StringArrayVar(&f.chosen.Labels, "label", nil, "Only articles whose request had this label, as key=value.")
	flags.StringSliceVar(&f.access, "access", nil, "Only articles that are free or paywalled.")
	flags.StringVar(&f.since, "since", "", "Only articles from this day (2026-11-25) or time (RFC 3339) on.")
	flags.StringVar(&f.before, "before", "", "Only articles from before this day or time.")
}

func (f *articleFlags) filter() (store.Filter, error) {
	chosen := f.chosen
	for name, bound := range map[string]struct {
		text string
		at   *time.Time
	}{"since": {f.since, &chosen.From}, "before": {f.before, &chosen.Before}} {
		if bound.text == "" {
			continue
		}
		at, err := store.ParseTime(bound.text)
		if err != nil {
			return chosen, &usageError{fmt.Errorf("--%s: %w", name, err)}
		}
		*bound.at = at
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
