package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// maxStory is the maximum number of a story's members that are returned.
const maxStory = 200

// candidate is an article that shares a key of its sketch with another one.
type candidate struct {
	id, story string
	firstSeen time.Time
	sketch    sketch.Sketch
}

// candidateKeys returns the keys of the articles of a batch that must be
// compared with others.
func candidateKeys(changes []*change) map[*change][]uint64 {
	keys := make(map[*change][]uint64)
	for _, c := range changes {
		if c.before.story != "" || !c.isResketched() {
			continue
		}
		if s, err := sketch.Parse(c.row.sketch); err == nil && !s.IsZero() {
			keys[c] = s.Keys()
		}
	}
	return keys
}

// storyMove moves stored articles to another story.
type storyMove struct {
	id       string // of an article that has no story yet, or
	from, to string // all articles of a story
}

// findStories puts each article of a batch that is a copy of another article,
// or has one, into the same story as the other. A story has the id of the member
// that was stored first. lookUp returns the stored articles that share a key.
func findStories(changes []*change, lookUp func(keys []uint64) ([]candidate, error)) ([]storyMove, error) {
	var moves []storyMove
	batch := newStoryBatch(changes)
	for _, c := range changes {
		keys, ok := batch.keys[c]
		if !ok {
			continue
		}
		found, err := lookUp(keys)
		if err != nil {
			return nil, err
		}
		moves = append(moves, batch.enterStory(c, batch.copiesOf(c, found))...)
	}
	return moves, nil
}

// storyBatch finds copies among the articles of one batch.
type storyBatch struct {
	byID  map[string]*change
	keys  map[*change][]uint64
	byKey map[uint64][]*change // those that were compared so far, at most maxPerKey of a key
	// What the batch moves. The database still has the stories from before.
	joined map[string]string // the story that a stored article joins, by the article's id
	merged map[string]string // the story that another one becomes part of, by the other's id
}

func newStoryBatch(changes []*change) *storyBatch {
	b := &storyBatch{
		byID: make(map[string]*change), keys: candidateKeys(changes), byKey: make(map[uint64][]*change),
		joined: make(map[string]string), merged: make(map[string]string),
	}
	for _, c := range changes {
		b.byID[c.row.id] = c
	}
	return b
}

// copiesOf returns the copies of an article among the stored candidates and the
// preceding articles of the batch.
func (b *storyBatch) copiesOf(c *change, found []candidate) []candidate {
	own, _ := sketch.Parse(c.row.sketch) // candidateKeys has parsed it
	var copies []candidate
	for _, other := range found {
		if b.byID[other.id] == nil && own.Copies(other.sketch) {
			other.story = b.storyOf(other)
			copies = append(copies, other)
		}
	}
	for _, key := range b.keys[c] {
		for _, other := range b.byKey[key] {
			if slices.ContainsFunc(copies, func(k candidate) bool { return k.id == other.row.id }) {
				continue
			}
			if s, err := sketch.Parse(other.row.sketch); err == nil && own.Copies(s) {
				copies = append(copies, candidate{other.row.id, other.row.story, other.row.firstSeen, s})
			}
		}
		if len(b.byKey[key]) < maxPerKey {
			b.byKey[key] = append(b.byKey[key], c)
		}
	}
	return copies
}

// storyOf returns the story of a stored article after the moves so far, or "".
func (b *storyBatch) storyOf(stored candidate) string {
	story := cmp.Or(stored.story, b.joined[stored.id])
	return cmp.Or(b.merged[story], story)
}

// merge makes a story part of another one.
func (b *storyBatch) merge(from, to string) storyMove {
	for _, one := range b.byID {
		if one.row.story == from {
			one.row.story = to
		}
	}
	for _, stories := range []map[string]string{b.joined, b.merged} {
		for key, story := range stories {
			if story == from {
				stories[key] = to
			}
		}
	}
	b.merged[from] = to
	return storyMove{from: from, to: to}
}

// enterStory puts an article and its copies into one story. If it is already in one, because the
// batch is compared again, that is the story.
func (b *storyBatch) enterStory(c *change, copies []candidate) []storyMove {
	if len(copies) == 0 {
		return nil
	}
	slices.SortFunc(copies, func(a, b candidate) int {
		return cmp.Or(a.firstSeen.Compare(b.firstSeen), cmp.Compare(a.id, b.id))
	})
	story := copies[0].id
	if i := slices.IndexFunc(copies, func(k candidate) bool { return k.story != "" }); i >= 0 {
		story = copies[i].story
	}
	story = cmp.Or(c.row.story, story)
	c.row.story = story
	var moves []storyMove
	for _, other := range copies {
		switch {
		case other.story == story:
		case other.story != "":
			moves = append(moves, b.merge(other.story, story))
		case b.byID[other.id] != nil:
			b.byID[other.id].row.story = story
		default:
			moves = append(moves, storyMove{id: other.id, to: story})
			b.joined[other.id] = story
		}
	}
	return moves
}

// markCopies sets Copy in the results of the articles that have just joined the
// story of another one, once for each article.
func markCopies(changes []*change, results []PutResult) {
	joined := make(map[string]bool)
	for _, c := range changes {
		joined[c.row.id] = c.row.story != "" && c.row.story != c.row.id && c.before.story == ""
	}
	for i := range results {
		if id := results[i].ID; joined[id] {
			results[i].Copy, joined[id] = true, false
		}
	}
}

// selectMember is the list of expressions to read a member of a story, an article a.
var selectMember = memberColumns.selected("a.") + `,
	(SELECT r.first_seen FROM revisions r WHERE r.article_id = a.id AND r.number = a.revision)`

// member returns the article as a member of its story, given when it changed last.
func (r articleRow) member(changed time.Time) StoryMember {
	return StoryMember{
		ID: r.id, URL: r.canonicalURL, Host: r.host, Title: r.title, Language: r.language,
		Time: r.sortTime.UTC(), FirstSeen: r.firstSeen.UTC(), Revisions: r.revisions, Changed: changed.UTC(),
	}
}
