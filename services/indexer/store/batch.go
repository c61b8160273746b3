package store

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// planChanges decides what a batch changes. links are what the arrivals' names
// lead to, known are the stored articles that the batch may change, by id, and erased
// are the erased texts that the arrivals may repeat.
//
// It returns the changes ordered by article id, the order in which every writer
// must lock rows, and the result of each arrival.
func planChanges(
	links map[string]link, known map[string]stored, erased []erasedText, arrivals []arrival,
) ([]*change, []PutResult) {
	byID := make(map[string]*change)
	joined := make(map[string]string) // ids of articles joined in this batch
	results := make([]PutResult, len(arrivals))
	for i, a := range arrivals {
		if a.isErased(links) {
			results[i] = PutResult{Status: Erased, ID: a.row.id}
			continue
		}
		target := cmp.Or(joined[a.row.id], links[a.row.id].target())
		if target = cmp.Or(joined[target], target); target != "" && target != a.row.id {
			a = a.asPageOf(target, cmp.Or(byID[target], &change{stored: known[target]}).row.canonicalURL)
		}
		if a.repeats(erased, known) {
			results[i] = PutResult{Status: ErasedCopy, ID: a.row.id}
			continue
		}
		c := byID[a.row.id]
		if c == nil {
			before, ok := known[a.row.id]
			if !ok && a.replay.GetUndo() {
				results[i] = PutResult{Status: Superseded, ID: a.row.id}
				continue
			}
			c = &change{stored: before, isNew: !ok, before: before.row}
			byID[a.row.id] = c
		}
		for _, other := range a.joinable(links, known) {
			if a.replay == nil && byID[other.row.id] == nil && joined[other.row.id] == "" {
				joined[other.row.id] = a.row.id
				c.join(other, a)
			}
		}
		results[i] = c.apply(a)
	}
	changes := slices.SortedFunc(maps.Values(byID), func(a, b *change) int { return cmp.Compare(a.row.id, b.row.id) })
	return changes, results
}

// asPageOf returns the arrival as another page of the article with which its
// own article was joined.
func (a arrival) asPageOf(id, canonicalURL string) arrival {
	others := slices.DeleteFunc(slices.Clone(a.urls), func(url string) bool { return url == canonicalURL })
	a.urls = append([]string{canonicalURL}, others...)
	a.row.id, a.row.canonicalURL, a.row.ownPage = id, canonicalURL, false
	return a
}

// aliasesOf returns the aliases of a batch, ordered by URL, each URL once. A
// canonical URL leads to its own article, and any other URL to the article that
// it led to last.
func aliasesOf(changes []*change) []aliasRow {
	byURL := make(map[string]aliasRow)
	for _, c := range changes {
		for _, alias := range c.aliases {
			known, ok := byURL[alias.url]
			if !ok || alias.overrides(known) {
				byURL[alias.url] = alias
			}
		}
	}
	return slices.SortedFunc(maps.Values(byURL), func(a, b aliasRow) int { return cmp.Compare(a.url, b.url) })
}

// overrides reports whether the alias replaces another one of the same URL. The
// statements that write aliases apply the same rule to stored ones.
func (a aliasRow) overrides(known aliasRow) bool {
	if a.canonical != known.canonical {
		return a.canonical
	}
	return !a.fetched.Before(known.fetched)
}

// step is a statement of a transaction, with its arguments.
type step struct {
	query     string
	arguments []any
}

// sourceRow is what a batch adds to a row of the sources table.
type sourceRow struct {
	host, name                   string
	articles, revisions          int
	firstSeen, lastSeen, lastNew time.Time
}

// sourcesOf returns the totals of a batch by host, ordered by host.
func sourcesOf(changes []*change) []sourceRow {
	byHost := make(map[string]sourceRow)
	rowOf := func(host string, of articleRow) sourceRow {
		if s, ok := byHost[host]; ok {
			return s
		}
		return sourceRow{
			host: host, firstSeen: of.firstSeen, lastSeen: of.lastSeen,
			lastNew: time.Unix(0, 0).UTC(), // means none
		}
	}
	for _, c := range changes {
		moved := !c.isNew && c.before.host != c.row.host
		if moved {
			former := rowOf(c.before.host, c.before)
			former.articles--
			byHost[former.host] = former
		}
		s := rowOf(c.row.host, c.row)
		s.name = cmp.Or(c.row.siteName, s.name)
		s.revisions += c.added
		s.firstSeen, s.lastSeen = earlier(s.firstSeen, c.row.firstSeen), later(s.lastSeen, c.row.lastSeen)
		if c.isNew || moved {
			s.articles++
		}
		if c.isNew {
			s.lastNew = later(s.lastNew, c.row.firstSeen)
		}
		byHost[c.row.host] = s
	}
	return slices.SortedFunc(maps.Values(byHost), func(a, b sourceRow) int { return cmp.Compare(a.host, b.host) })
}
