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

// Filter chooses articles by what is known of them. An empty field lets every
// article through; of several values of one field, one has to be met.
type Filter struct {
	// Hosts are hosts, or domains for all of their hosts.
	Hosts []string
	// Languages are BCP 47 tags; "en" is met by "en-GB" as well.
	Languages []string
	// Sections, Authors and Tags are met whatever their case and accents.
	Sections, Authors, Tags []string
	// Labels are those of the request, each as key=value.
	Labels []string
	// Access says who can read the whole text.
	Access []datelinev1.Access
	// From and Before bound the time that orders the articles: when they were
	// published or else first fetched. Before itself is outside. The zero time
	// is no bound.
	From, Before time.Time
}

// The kinds of values that an article can be chosen by.
const (
	byHost = iota
	byLanguage
	bySection
	byAuthor
	byTag
	byLabel
	byAccess
)

// filterWord is the word that stands in the index for a value. It begins with
// a sign that no word of a text has.
func filterWord(kind int, value string) string {
	sum := sha256.Sum256([]byte(value))
	return fmt.Sprintf("§%d%s", kind, hex.EncodeToString(sum[:8]))
}

// filtersOf returns the words for everything that an article can be chosen by.
func filtersOf(a *datelinev1.Article) string {
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
	const most = 256 // of a page that has thousands of tags
	return strings.Join(all[:min(most, len(all))], " ")
}

// foldValue is a value without case, accents and punctuation.
func foldValue(value string) string { return words.Join(maxTitleBytes, value) }

// groups returns the words of the filter: of each group an article has to have one.
func (f Filter) groups() [][]string {
	var all [][]string
	add := func(kind int, values []string, fold func(string) string) {
		var group []string
		for _, value := range values {
			group = append(group, filterWord(kind, fold(cleanText(value))))
		}
		if group != nil {
			all = append(all, group)
		}
	}
	same := func(s string) string { return s }
	add(byHost, f.Hosts, strings.ToLower)
	add(byLanguage, f.Languages, strings.ToLower)
	add(bySection, f.Sections, foldValue)
	add(byAuthor, f.Authors, foldValue)
	add(byTag, f.Tags, foldValue)
	add(byLabel, f.Labels, same)
	var access []string
	for _, one := range f.Access {
		access = append(access, one.String())
	}
	add(byAccess, access, same)
	return all
}

// ParseTime reads a bound of a filter: a day (2026-11-25), which stands for its
// beginning in UTC, or a time in RFC 3339.
func ParseTime(text string) (time.Time, error) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no day and no time: write 2026-11-25 or 2026-11-25T08:00:00Z", text)
	}
	return at.UTC(), nil
}

// AccessName is the word for who can read the whole text; empty where that is
// not known.
func AccessName(access datelinev1.Access) string {
	switch access {
	case datelinev1.Access_ACCESS_FREE:
		return "free"
	case datelinev1.Access_ACCESS_PAYWALLED:
		return "paywalled"
	}
	return ""
}

// ParseAccess reads what AccessName writes.
func ParseAccess(word string) (datelinev1.Access, error) {
	for _, access := range []datelinev1.Access{datelinev1.Access_ACCESS_FREE, datelinev1.Access_ACCESS_PAYWALLED} {
		if word == AccessName(access) {
			return access, nil
		}
	}
	return 0, fmt.Errorf("%q is no kind of access: write free or paywalled", word)
}
