package store

import (
	"bytes"
	"slices"
	"time"
)

// stored is what the store has of an article before a batch.
type stored struct {
	row       articleRow
	revisions []revisionBrief
	rowID     int64 // the row's number in the articles table
	// replacements are what the runs of the batch have replaced before.
	replacements []replacement
}

// revisionBrief is a revision without its record.
type revisionBrief struct {
	number              int
	contentHash         string
	firstSeen, lastSeen time.Time
}

// change is what a batch changes about one article. It starts with what is stored,
// and apply adds the arrivals one by one. Both databases write the result in the
// same way.
type change struct {
	stored
	before articleRow // the stored row, unless isNew
	isNew  bool
	// renamedFrom is the id under which the article is still stored.
	renamedFrom string
	// joined are the articles that become part of this one.
	joined    []join
	revisions []revisionRow // the new ones, and the newest if its record was refreshed
	words     *indexedWords // nil if the index stays as it is
	aliases   []aliasRow
	added     int // number of new revisions
	// replacements are the records that the batch replaces or restores.
	replacements []replacement
}

// join is an article that becomes part of another. The offset is added to its
// revisions' numbers.
type join struct {
	stored
	offset int
}

// join makes another article part of this one.
func (c *change) join(other stored, a arrival) {
	c.addAlias(aliasRow{url: other.row.id, articleID: a.row.id, canonical: true, fetched: a.row.fetched})
	if c.row.revisions == 0 {
		c.stored, c.before, c.isNew, c.renamedFrom = other, other.row, false, other.row.id
		c.row.id, c.row.canonicalURL, c.row.ownPage = a.row.id, a.row.canonicalURL, false
		return
	}
	c.joined = append(c.joined, join{other, c.row.revisions})
	for _, r := range other.revisions {
		r.number += c.row.revisions
		c.stored.revisions = append(c.stored.revisions, r)
	}
	c.row.revisions += other.row.revisions
	c.addFetch(other.row.firstSeen)
	c.addFetch(other.row.lastSeen)
}

// apply adds an arrival to the change.
func (c *change) apply(a arrival) PutResult {
	if a.replay != nil && c.row.revisions > 0 {
		return c.applyReplay(a)
	}
	for i, url := range a.urls {
		c.addAlias(aliasRow{url: url, articleID: a.row.id, canonical: i == 0, fetched: a.row.fetched})
	}
	status := c.statusOf(a)
	c.addFetch(a.row.fetched)
	switch status {
	case New, Changed:
		c.replaceRow(a)
		c.addRevision(a)
		c.row.revision = c.row.revisions
	case Outdated:
		c.addRevision(a)
	case Unchanged:
		if a.row.contentHash == c.row.contentHash && !a.isOlderThan(c.row) && !c.isVariant(a) {
			c.replaceRow(a)
			c.refreshRevision(a)
		}
	}
	if a.replay != nil {
		c.replacements = append(c.replacements, replacement{
			run: a.replay.GetRun(), articleID: a.row.id, number: c.row.revision, extracted: a.row.extracted, wasNew: true,
		})
	}
	result := PutResult{Status: status, ID: a.row.id}
	for i, r := range c.stored.revisions {
		if r.contentHash == a.row.contentHash && r.firstSeen.Equal(a.row.fetched) {
			result.Revision = r.number
			result.Completes = i > 0 && a.row.firstPageHash != "" && c.stored.revisions[i-1].contentHash == a.row.firstPageHash
			result.WasOutdated = c.wasOutdated(i)
		}
	}
	return result
}

// wasOutdated reports whether the revision at an index was older than the newest one when it was stored.
func (c *change) wasOutdated(i int) bool {
	r := c.stored.revisions[i]
	return r.number > c.row.revision || slices.ContainsFunc(c.stored.revisions[:i], func(earlier revisionBrief) bool {
		return earlier.lastSeen.After(r.firstSeen)
	})
}

// statusOf decides what storing the arrival means for the article.
func (c *change) statusOf(a arrival) Status {
	isReplaced := a.row.contentHash == c.row.replacedHash
	isKnown := isReplaced || slices.ContainsFunc(c.stored.revisions, func(r revisionBrief) bool {
		return r.contentHash == a.row.contentHash
	})
	switch {
	case c.row.revisions == 0:
		return New
	case a.isOlderThan(c.row) && (isKnown || c.isVariant(a)):
		return Unchanged
	case a.isOlderThan(c.row):
		return Outdated
	case a.row.contentHash == c.row.contentHash || isReplaced || c.isVariant(a) ||
		a.row.contentHash == c.row.firstPageHash || c.missesPages(a):
		return Unchanged
	}
	return Changed
}

// isVariant reports whether the arrival is another page of an article whose own
// page is stored, such as its print version, its mobile version or its second
// page. Its differences are not changes of the article.
func (c *change) isVariant(a arrival) bool { return c.row.ownPage && !a.row.ownPage }

// missesPages reports whether the arrival lacks pages that the stored text has, although the
// first page has not changed: the other pages could not be fetched this time.
func (c *change) missesPages(a arrival) bool {
	return !a.row.complete && a.row.joinedPages < c.row.joinedPages && a.row.firstPageHash == c.row.firstPageHash
}

// isOlderThan reports whether the arrival was fetched before the stored record
// or is an earlier extraction of the same fetch.
func (a arrival) isOlderThan(row articleRow) bool {
	if !a.row.fetched.Equal(row.fetched) {
		return a.row.fetched.Before(row.fetched)
	}
	return a.row.extracted.Before(row.extracted)
}

// replaceRow makes the arrival the article's newest record.
func (c *change) replaceRow(a arrival) {
	before := c.row
	if before.wordsHash != a.row.wordsHash {
		c.words = &a.words
	}
	c.row = a.row
	c.row.revision, c.row.revisions, c.row.story = before.revision, before.revisions, before.story
	if before.revisions == 0 {
		return
	}
	c.row.firstSeen, c.row.lastSeen = before.firstSeen, before.lastSeen
	if a.row.contentHash == before.contentHash {
		c.row.replacedHash = before.replacedHash
	}
	if a.row.published == nil {
		c.row.sortTime = before.sortTime // a later fetch does not make it newer
	}
	if !c.row.sortTime.Equal(c.before.sortTime) {
		c.words = &a.words // in SQLite the row moves, and its words move with it
	}
}

// addFetch extends the times of the first and the last fetch to include a fetch.
func (c *change) addFetch(fetched time.Time) {
	c.row.firstSeen = earlier(c.row.firstSeen, fetched)
	c.row.lastSeen = later(c.row.lastSeen, fetched)
}

func (c *change) addRevision(a arrival) {
	c.row.revisions++
	c.added++
	c.stored.revisions = append(c.stored.revisions, revisionBrief{
		c.row.revisions, a.row.contentHash, a.row.fetched, a.row.fetched,
	})
	c.revisions = append(c.revisions, a.revision(c.row.revisions))
}

// refreshRevision gives the newest revision the arrival's record. The revision
// keeps its firstSeen, whether it is stored or is new in this batch.
func (c *change) refreshRevision(a arrival) {
	refreshed := a.revision(c.row.revision)
	for i := range c.stored.revisions {
		if c.stored.revisions[i].number == refreshed.number {
			c.stored.revisions[i].lastSeen = refreshed.lastSeen
		}
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

// revision returns the arrival as the revision with the given number.
func (a arrival) revision(number int) revisionRow {
	return revisionRow{
		articleID: a.row.id, number: number, contentHash: a.row.contentHash,
		firstSeen: a.row.fetched, lastSeen: a.row.fetched, record: a.record,
	}
}

// isResketched reports whether the article's sketch changes, so that its copies
// must be found by other keys than before.
func (c *change) isResketched() bool { return c.isNew || !bytes.Equal(c.before.sketch, c.row.sketch) }

func (c *change) addAlias(alias aliasRow) {
	for i, known := range c.aliases {
		if known.url == alias.url {
			alias.canonical = alias.canonical || known.canonical
			alias.fetched = later(known.fetched, alias.fetched)
			c.aliases[i] = alias
			return
		}
	}
	c.aliases = append(c.aliases, alias)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
