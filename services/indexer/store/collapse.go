package store

import (
	"context"
	"slices"
)

const (
	// maxCopies is the maximum number of members of a story that are counted.
	maxCopies = 1000
	// listedPerHit bounds the articles that one page of stories may skip, as a
	// multiple of the limit.
	listedPerHit = 10
	// maxEarlier is the maximum number of members that are searched for one that an
	// earlier page has shown.
	maxEarlier = 50
)

// listedRow is a match without its record.
type listedRow struct {
	at        cursor
	id, story string
}

// opening is the first member of a story, and the number of all members.
type opening struct {
	story  string
	copies int
	first  StoryMember
}

// searcher is what a database contributes to a search.
type searcher interface {
	// list returns the newest matches after the cursor, newest first.
	list(ctx context.Context, after *cursor, limit int) ([]listedRow, error)
	// shown returns those of the stories that have a match up to the cursor.
	shown(ctx context.Context, upTo cursor, stories []string) ([]string, error)
	// headings returns the newest matches with their rankColumns, newest first.
	headings(ctx context.Context, limit int) ([]headingRow, error)
	// read returns the hits with the given ids, in any order.
	read(ctx context.Context, ids []string) ([]hitRow, error)
	// openings returns the openings of stories.
	openings(ctx context.Context, stories []string) ([]opening, error)
}

// searchStories returns a page that has one article of each story. It reads a long list only if
// copies take up most of a short one.
func searchStories(ctx context.Context, s searcher, query Query, parsed parsedQuery, after *cursor) (Page, error) {
	limit := query.limit()
	longest := listedPerHit*limit + 1
	for length := limit + limit/2 + 1; ; length = longest {
		listed, err := s.list(ctx, after, length)
		if err != nil {
			return Page{}, err
		}
		more := len(listed) == length
		chosen, next, err := chooseFirst(ctx, s, listed, limit, after, more)
		if err != nil {
			return Page{}, err
		}
		readAll := more && next == listed[length-1].at.String()
		if length == longest || !readAll {
			return readPage(ctx, s, query, parsed, chosen, next)
		}
	}
}

// chooseFirst chooses the first row of each story, up to a limit, unless an earlier page
// has shown the story. It returns the cursor of the next page, given whether there are more rows
// than those listed.
func chooseFirst(
	ctx context.Context, s searcher, listed []listedRow, limit int, after *cursor, more bool,
) (chosen []listedRow, next string, err error) {
	seen := map[string]bool{}
	at := 0
	for at < len(listed) && len(chosen) < limit {
		var rows []listedRow
		for ; at < len(listed) && len(chosen)+len(rows) < limit; at++ {
			row := listed[at]
			if row.story == "" || !seen[row.story] {
				rows = append(rows, row)
			}
			seen[row.story] = row.story != ""
		}
		if after != nil {
			if rows, err = withoutShown(ctx, s, rows, *after); err != nil {
				return nil, "", err
			}
		}
		chosen = append(chosen, rows...)
	}
	for at < len(listed) && seen[listed[at].story] { // so that a page of copies does not follow
		at++
	}
	if at < len(listed) || more {
		next = listed[at-1].at.String()
	}
	return chosen, next, nil
}

// withoutShown returns the rows without those of stories that have a match up to the
// cursor, which an earlier page has shown.
func withoutShown(ctx context.Context, s searcher, rows []listedRow, upTo cursor) ([]listedRow, error) {
	var stories []string
	for _, row := range rows {
		if row.story != "" {
			stories = append(stories, row.story)
		}
	}
	if len(stories) == 0 {
		return rows, nil
	}
	shown, err := s.shown(ctx, upTo, stories)
	return slices.DeleteFunc(rows, func(row listedRow) bool {
		return row.story != "" && slices.Contains(shown, row.story)
	}), err
}

func (p *Page) addOpenings(openings []opening) {
	for _, one := range openings {
		for i := range p.Hits {
			if p.Hits[i].Story == one.story {
				p.Hits[i].Copies, p.Hits[i].First = one.copies, one.first
			}
		}
	}
}
