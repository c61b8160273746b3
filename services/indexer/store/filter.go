package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/words"
)

// Filter selects articles by their metadata. An article must match every field
// that is set, and matches a field if it matches any of its values.
type Filter struct {
	// Hosts are hosts, or domains that select all their hosts.
	Hosts []string
	// Languages are BCP 47 tags. "en" also selects "en-GB".
	Languages []string
	// Sections, Authors and Tags match whatever their case and accents.
	Sections, Authors, Tags []string
	// Labels are labels of the request, each as key=value.
	Labels []string
	// Access is who can read the whole text.
	Access []datelinev1.Access
	// From (inclusive) and Before (exclusive) bound the time by which articles
	// are ordered: when they were published or, if that is unknown, first
	// fetched. The zero time means no bound.
	From, Before time.Time
}

// The kinds of filter words. The numbers are stored in the index.
const (
	byHost = iota
	byLanguage
	bySection
	byAuthor
	byTag
	byLabel
	byAccess
)

// filterSign marks a filter word in the index. It does not occur in any word.
const filterSign = "§"

// filterWord returns the word that stands for a value in the index. It starts
// with a character that no word of a text contains.
func filterWord(kind int, value string) string {
	sum := sha256.Sum256([]byte(value))
	return fmt.Sprintf("%s%d%s", filterSign, kind, hex.EncodeToString(sum[:8]))
}

// filterKind returns the kind of a filter word, and reports whether a term is one.
func filterKind(term string) (kind int, isFilter bool) {
	rest, isFilter := strings.CutPrefix(term, filterSign)
	if !isFilter {
		return 0, false
	}
	return int(rest[0] - '0'), true
}

// maxFilterWords bounds the filter words of an article, such as one that has
// thousands of tags.
const maxFilterWords = 256

// filterWordsOf returns the filter words of an article, separated by spaces.
func filterWordsOf(a *datelinev1.Article) string {
	var all []string
	add := func(kind int, values ...string) {
		for _, value := range values {
			if word := filterWord(kind, value); value != "" && !slices.Contains(all, word) {
				all = append(all, word)
			}
		}
	}
	host := strings.ToLower(a.GetHost())
	add(byHost, host)
	for rest := host; strings.Count(rest, ".") > 1; {
		_, rest, _ = strings.Cut(rest, ".")
		add(byHost, rest)
	}
	language := strings.ToLower(a.GetLanguage())
	primary, _, _ := strings.Cut(language, "-")
	add(byLanguage, language, primary)
	add(bySection, foldValue(a.GetSection()))
	for _, name := range authorNames(a) {
		add(byAuthor, foldValue(name))
	}
	for _, tag := range a.GetTags() {
		add(byTag, foldValue(tag))
	}
	for _, key := range slices.Sorted(maps.Keys(a.GetLabels())) {
		add(byLabel, key+"="+a.GetLabels()[key])
	}
	if a.GetAccess() != datelinev1.Access_ACCESS_UNSPECIFIED {
		add(byAccess, a.GetAccess().String())
	}
	return strings.Join(all[:min(maxFilterWords, len(all))], " ")
}

// foldValue removes case, accents and punctuation from a value.
func foldValue(value string) string { return words.Join(maxTitleBytes, value) }

// groups returns the words of the filter. An article must have one of each group.
func (f Filter) groups() [][]string {
	var groups [][]string
	add := func(kind int, values []string, fold func(string) string) {
		var group []string
		for _, value := range values {
			group = append(group, filterWord(kind, fold(CleanText(value))))
		}
		if group != nil {
			groups = append(groups, group)
		}
	}
	unchanged := func(s string) string { return s }
	add(byHost, f.Hosts, strings.ToLower)
	add(byLanguage, f.Languages, strings.ToLower)
	add(bySection, f.Sections, foldValue)
	add(byAuthor, f.Authors, foldValue)
	add(byTag, f.Tags, foldValue)
	add(byLabel, f.Labels, unchanged)
	var access []string
	for _, one := range f.Access {
		access = append(access, one.String())
	}
	add(byAccess, access, unchanged)
	return groups
}

// seconds returns the filter's bounds of time. Articles have whole seconds, so that both
// bounds are rounded up.
func (f Filter) seconds() timeRange {
	bounds := timeRange{firstSecond, lastSecond + 1}
	if !f.From.IsZero() {
		bounds.first = max(bounds.first, f.From.Add(time.Second-1).Unix())
	}
	if !f.Before.IsZero() {
		bounds.before = min(bounds.before, f.Before.Add(time.Second-1).Unix())
	}
	return bounds
}

// ParseTime parses a bound of a filter: a day, such as 2026-11-25, which means
// its start in UTC, or a time in RFC 3339.
func ParseTime(text string) (time.Time, error) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a day or a time: write 2026-11-25 or 2026-11-25T08:00:00Z", text)
	}
	return at.UTC(), nil
}

// AccessName returns the word for who can read the whole text: free, paywalled,
// or the empty string if unknown.
func AccessName(access datelinev1.Access) string {
	switch access {
	case datelinev1.Access_ACCESS_FREE:
		return "free"
	case datelinev1.Access_ACCESS_PAYWALLED:
		return "paywalled"
	}
	return ""
}

// ParseAccess parses a word that AccessName returns.
func ParseAccess(word string) (datelinev1.Access, error) {
	for _, access := range []datelinev1.Access{datelinev1.Access_ACCESS_FREE, datelinev1.Access_ACCESS_PAYWALLED} {
		if word == AccessName(access) {
			return access, nil
		}
	}
	return 0, fmt.Errorf("%q is not a kind of access: write free or paywalled", word)
}
