package store

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// stored is what the store has of an article before a batch.
type stored struct {
	row    articleRow
	hashes []string // of the content of every revision
}

// change is what a batch makes of one article; both stores write it alike.
type change struct {
	stored
	isNew     bool
	revisions []revisionRow // new ones, and the newest with its record refreshed
	words     *indexedWords // nil where the index needs no change
	aliases   []aliasRow
}

// changes works out what a batch makes of the articles that the store has.
// It returns the changes ordered by article id, the order in which every
// writer has to lock rows, and the status of each arrival.
func changes(known map[string]stored, arrivals []arrival) ([]*change, []Status) {
	byID := make(map[string]*change)
	statuses := make([]Status, len(arrivals))
	for i, a := range arrivals {
		c := byID[a.row.id]
		if c == nil {
			before, ok := known[a.row.id]
			c = &change{stored: before, isNew: !ok}
			byID[a.row.id] = c
		}
		statuses[i] = c.take(a)
	}
	ordered := make([]*change, 0, len(byID))
	for _, c := range byID {
		ordered = append(ordered, c)
	}
	slices.SortFunc(ordered, func(a, b *change) int { return cmp.Compare(a.row.id, b.row.id) })
	return ordered, statuses
}

// take adds one arrival to the change.
func (c *change) take(a arrival) Status {
	for i, url := range a.urls {
		c.addAlias(aliasRow{url: url, articleID: a.row.id, canonical: i == 0, fetched: a.row.fetched})
	}
	switch {
	case c.row.revisions == 0:
		c.replaceRow(a)
		c.addRevision(a)
		c.row.revision = c.row.revisions
		return New
	case a.isOlderThan(c.row):
		c.see(a.row.fetched)
		if slices.Contains(c.hashes, a.row.contentHash) {
			return Unchanged
		}
		c.addRevision(a)
		return Outdated
	case a.row.contentHash == c.row.contentHash:
		c.replaceRow(a)
		c.refreshRevision(a)
		return Unchanged
	}
	c.replaceRow(a)
	c.addRevision(a)
	c.row.revision = c.row.revisions
	return Changed
}

// isOlderThan says whether the arrival was fetched before the stored record,
// or is an older extraction of the same fetch.
func (a arrival) isOlderThan(row articleRow) bool {
	if !a.row.fetched.Equal(row.fetched) {
		return a.row.fetched.Before(row.fetched)
	}
	return a.row.extracted.Before(row.extracted)
}

// replaceRow makes the arrival the article's newest record.
func (c *change) replaceRow(a arrival) {
	if c.row.wordsHash != a.row.wordsHash {
		c.words = &a.words
	}
	before := c.row
	c.row = a.row
	c.row.revision, c.row.revisions = before.revision, before.revisions
	if before.revisions == 0 {
		return
	}
	c.row.firstSeen, c.row.lastSeen = before.firstSeen, before.lastSeen
	if a.row.published == nil {
		c.row.sortTime = before.sortTime // fetching it again makes it no newer
	}
	c.see(a.row.fetched)
}

func (c *change) see(fetched time.Time) {
	if fetched.Before(c.row.firstSeen) {
		c.row.firstSeen = fetched
	}
	if fetched.After(c.row.lastSeen) {
		c.row.lastSeen = fetched
	}
}

func (c *change) addRevision(a arrival) {
	c.row.revisions++
	c.hashes = append(c.hashes, a.row.contentHash)
	c.revisions = append(c.revisions, revisionRow{
		articleID: a.row.id, number: c.row.revisions, contentHash: a.row.contentHash,
		firstSeen: a.row.fetched, lastSeen: a.row.fetched, record: a.record,
	})
}

// refreshRevision gives the newest revision the arrival's record. Its first
// time stays, in the store as in a row of this batch.
func (c *change) refreshRevision(a arrival) {
	refreshed := revisionRow{
		articleID: a.row.id, number: c.row.revision, contentHash: a.row.contentHash,
		firstSeen: a.row.fetched, lastSeen: a.row.fetched, record: a.record,
	}
	for i, r := range c.revisions {
		if r.number == refreshed.number {
			refreshed.firstSeen = r.firstSeen
			c.revisions[i] = refreshed
			return
		}
	}
	c.revisions = append(c.revisions, refreshed)
}

func (c *change) addAlias(alias aliasRow) {
	for i, known := range c.aliases {
		if known.url == alias.url {
			alias.canonical = alias.canonical || known.canonical
			if alias.fetched.Before(known.fetched) {
				alias.fetched = known.fetched
			}
			c.aliases[i] = alias
			return
		}
	}
	c.aliases = append(c.aliases, alias)
}

// aliasesOf returns the URLs of a batch ordered, each once: a canonical URL
// leads to its own article, another to the one that it led to last.
func aliasesOf(todo []*change) []aliasRow {
	byURL := make(map[string]aliasRow)
	for _, c := range todo {
		for _, alias := range c.aliases {
			known, ok := byURL[alias.url]
			if !ok || alias.prevails(known) {
				byURL[alias.url] = alias
			}
		}
	}
	aliases := slices.Collect(maps.Values(byURL))
	slices.SortFunc(aliases, func(a, b aliasRow) int { return cmp.Compare(a.url, b.url) })
	return aliases
}

func (a aliasRow) prevails(known aliasRow) bool {
	if a.canonical != known.canonical {
		return a.canonical
	}
	return !a.fetched.Before(known.fetched)
}
