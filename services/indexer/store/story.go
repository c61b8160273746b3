package store

import (
	"cmp"
	"slices"

	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// candidate is a stored article that shares a key of its sketch with a new one.
type candidate struct {
	id, story string
	firstSeen int64
	sketch    sketch.Sketch
}

// candidateKeys are the keys of the articles of a batch that have to be
// compared with others.
func candidateKeys(todo []*change) map[*change][]uint64 {
	all := make(map[*change][]uint64)
	for _, c := range todo {
		if c.row.story != "" || !c.isResketched() {
			continue
		}
		if s, err := sketch.Parse(c.row.sketch); err == nil && !s.IsZero() {
			all[c] = s.Keys()
		}
	}
	return all
}

// storyMove says that articles of the store get another story.
type storyMove struct {
	id       string // of one article that has none yet, or
	from, to string // all articles of a story
}

// findStories gives each article of a batch that copies another, or that
// another copies, the story of both. A story is named for the article of it
// that was stored first. lookUp returns the stored articles that share a key.
func findStories(todo []*change, lookUp func(keys []uint64) ([]candidate, error)) ([]storyMove, error) {
	var moves []storyMove
	wanted := candidateKeys(todo)
	inBatch := make(map[uint64][]*change)
	ofBatch := make(map[string]*change)
	for _, c := range todo {
		ofBatch[c.row.id] = c
	}
	for _, c := range todo {
		keys, ok := wanted[c]
		if !ok {
			continue
		}
		own, _ := sketch.Parse(c.row.sketch) // candidateKeys has parsed it
		var copies []candidate
		found, err := lookUp(keys)
		if err != nil {
			return nil, err
		}
		for _, other := range found {
			if ofBatch[other.id] == nil && own.Copies(other.sketch) {
				copies = append(copies, other)
			}
		}
		for _, key := range keys {
			for _, other := range inBatch[key] {
				likeness, err := sketch.Parse(other.row.sketch)
				if err == nil && own.Copies(likeness) && !slices.ContainsFunc(copies, func(k candidate) bool { return k.id == other.row.id }) {
					copies = append(copies, candidate{other.row.id, other.row.story, other.row.firstSeen.UnixMicro(), likeness})
				}
			}
			if len(inBatch[key]) < maxOfKey {
				inBatch[key] = append(inBatch[key], c)
			}
		}
		moves = append(moves, c.enterStory(copies, ofBatch)...)
	}
	return moves, nil
}

// markCopies notes which articles of a batch have just joined the story of
// another, once for each.
func markCopies(todo []*change, results []PutResult) {
	joined := make(map[string]bool)
	for _, c := range todo {
		joined[c.row.id] = c.row.story != "" && c.row.story != c.row.id && c.before.story == ""
	}
	for i := range results {
		if id := results[i].ID; joined[id] {
			results[i].Copy, joined[id] = true, false
		}
	}
}

// enterStory gives the article and its copies one story.
func (c *change) enterStory(copies []candidate, ofBatch map[string]*change) []storyMove {
	if len(copies) == 0 {
		return nil
	}
	slices.SortFunc(copies, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.firstSeen, b.firstSeen), cmp.Compare(a.id, b.id))
	})
	story := ""
	for _, other := range copies {
		if story = other.story; story != "" {
			break
		}
	}
	story = cmp.Or(story, copies[0].id)
	c.row.story = story
	var moves []storyMove
	for _, other := range copies {
		switch {
		case other.story == story:
		case other.story != "":
			moves = append(moves, storyMove{from: other.story, to: story})
			for _, one := range ofBatch {
				if one.row.story == other.story {
					one.row.story = story
				}
			}
		case ofBatch[other.id] != nil:
			ofBatch[other.id].row.story = story
		default:
			moves = append(moves, storyMove{id: other.id, to: story})
		}
	}
	return moves
}
