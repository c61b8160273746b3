package store

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"
)

// stored is what the store has of an article before a batch.
type stored struct {
	row       articleRow
	revisions []revisionBrief
	place     int64 // the article's row in the table
}

// revisionBrief is a revision without its record.
type revisionBrief struct {
	number      int
	contentHash string
	firstSeen   time.Time
}

// change is what a batch makes of one article; both stores write it alike.
type change struct {
	stored
	isNew bool
	// renamed is the id under which the article was stored so far.
	renamed string
	// joined are articles that become part of this one.
	joined    []join
	revisions []revisionRow // new ones, and the newest with its record refreshed
	words     *indexedWords // nil where the index needs no change
	before    articleRow    // of a known article
	aliases   []aliasRow
	added     int // new revisions
}

// join says that an article becomes part of another: its revisions are
// numbered on from an offset.
type join struct {
	stored
	offset int
}

// changes works out what a batch makes of the articles that the store has.
// It returns the changes ordered by article id, the order in which every
// writer has to lock rows, and the result of each arrival.
func changes(links map[string]link, known map[string]stored, arrivals []arrival) ([]*change, []PutResult) {
	byID := make(map[string]*change)
	joined := make(map[string]string) // ids of articles joined in this batch
	results := make([]PutResult, len(arrivals))
	for i, a := range arrivals {
		if a.isErased(links) {
			results[i] = PutResult{Status: Erased, ID: a.row.id}
			continue
		}
		target := cmp.Or(joined[a.row.id], links[a.row.id].articleID)
		if target != "" && target != a.row.id {
			a = a.within(target, cmp.Or(byID[target], &change{stored: known[target]}).row.canonicalURL)
		}
		c := byID[a.row.id]
		if c == nil {
			before, ok := known[a.row.id]
			c = &change{stored: before, isNew: !ok, before: before.row}
			byID[a.row.id] = c
		}
		for _, other := range a.joinable(links, known) {
			if byID[other.row.id] == nil && joined[other.row.id] == "" {
				joined[other.row.id] = a.row.id
				c.join(other, a)
			}
		}
		results[i] = c.take(a)
	}
	ordered := make([]*change, 0, len(byID))
	for _, c := range byID {
		ordered = append(ordered, c)
	}
	slices.SortFunc(ordered, func(a, b *change) int { return cmp.Compare(a.row.id, b.row.id) })
	return ordered, results
}

// within makes an arrival one of the article that it was joined with before.
func (a arrival) within(id, canonicalURL string) arrival {
	a.urls = append([]string{canonicalURL}, slices.DeleteFunc(slices.Clone(a.urls), func(url string) bool { return url == canonicalURL })...)
	a.row.id, a.row.canonicalURL, a.row.ownPage = id, canonicalURL, false
	return a
}

// join makes another article part of this one.
func (c *change) join(other stored, a arrival) {
	c.addAlias(aliasRow{url: other.row.id, articleID: a.row.id, canonical: true, fetched: a.row.fetched})
	if c.row.revisions == 0 {
		c.stored, c.before, c.isNew, c.renamed = other, other.row, false, other.row.id
		c.row.id, c.row.canonicalURL, c.row.ownPage = a.row.id, a.row.canonicalURL, false
		return
	}
	c.joined = append(c.joined, join{other, c.row.revisions})
	for _, r := range other.revisions {
		r.number += c.row.revisions
		c.stored.revisions = append(c.stored.revisions, r)
	}
	c.row.revisions += other.row.revisions
	c.see(other.row.firstSeen)
	c.see(other.row.lastSeen)
}

// take adds one arrival to the change.
func (c *change) take(a arrival) PutResult {
	for i, url := range a.urls {
		c.addAlias(aliasRow{url: url, articleID: a.row.id, canonical: i == 0, fetched: a.row.fetched})
	}
	status := c.status(a)
	c.see(a.row.fetched)
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
	result := PutResult{Status: status, ID: a.row.id}
	for _, r := range c.stored.revisions {
		if r.contentHash == a.row.contentHash && r.firstSeen.Equal(a.row.fetched) {
			result.Revision = r.number
		}
	}
	return result
}

func (c *change) status(a arrival) Status {
	isKnown := slices.ContainsFunc(c.stored.revisions, func(r revisionBrief) bool { return r.contentHash == a.row.contentHash })
	switch {
	case c.row.revisions == 0:
		return New
	case a.isOlderThan(c.row) && (isKnown || c.isVariant(a)):
		return Unchanged
	case a.isOlderThan(c.row):
		return Outdated
	case a.row.contentHash == c.row.contentHash || c.isVariant(a):
		return Unchanged
	}
	return Changed
}

// isVariant says whether the arrival is another page of an article whose own
// page is stored: one to print, one for phones, or the second of its pages. Its
// differences are no changes of the article.
func (c *change) isVariant(a arrival) bool { return c.row.ownPage && !a.row.ownPage }

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
	if a.row.published == nil {
		c.row.sortTime = before.sortTime // fetching it again makes it no newer
	}
	if !c.row.sortTime.Equal(c.before.sortTime) {
		c.words = &a.words // they move with the row
	}
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
	c.added++
	c.stored.revisions = append(c.stored.revisions, revisionBrief{c.row.revisions, a.row.contentHash, a.row.fetched})
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

// isResketched says whether copies of the article have to be looked for by
// other keys than before.
func (c *change) isResketched() bool { return c.isNew || !bytes.Equal(c.before.sketch, c.row.sketch) }

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

// sourceRow is what a batch adds to what is known of a host.
type sourceRow struct {
	host                         string
	articles, revisions          int
	firstSeen, lastSeen, lastNew time.Time
}

// sourcesOf sums a batch up by host, ordered by host.
func sourcesOf(todo []*change) []sourceRow {
	byHost := make(map[string]sourceRow)
	for _, c := range todo {
		s, ok := byHost[c.row.host]
		if !ok {
			s = sourceRow{host: c.row.host, firstSeen: c.row.firstSeen, lastSeen: c.row.lastSeen, lastNew: fromMicros(0)}
		}
		s.revisions += c.added
		s.firstSeen, s.lastSeen = earlier(s.firstSeen, c.row.firstSeen), later(s.lastSeen, c.row.lastSeen)
		if c.isNew {
			s.articles++
			s.lastNew = later(s.lastNew, c.row.firstSeen)
		}
		byHost[c.row.host] = s
	}
	rows := slices.Collect(maps.Values(byHost))
	slices.SortFunc(rows, func(a, b sourceRow) int { return cmp.Compare(a.host, b.host) })
	return rows
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
