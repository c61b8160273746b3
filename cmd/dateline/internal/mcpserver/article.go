package mcpserver

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// defaultText and maxText are the number of characters of a text in an answer.
	defaultText = 20_000
	maxText     = 50_000
	// maxOffset is longer than any text that is stored.
	maxOffset = 100_000_000
	// maxRevisions is the maximum number of revisions in an answer.
	maxRevisions = 50
	maxNumber    = 1 << 30
)

type articleInput struct {
	name

	Revision int `json:"revision,omitempty" jsonschema:"Number of a revision from the tool history. The default is the newest."`
	Offset   int `json:"offset,omitempty" jsonschema:"Number of characters of the text to skip: next_offset of the previous answer."`
	Length   int `json:"length,omitempty" jsonschema:"Maximum number of characters of the text in the answer."`
}

func limitArticle(p properties) {
	limitName(p)
	limitNumber(p["revision"], 1, maxNumber)
	limitNumber(p["offset"], 0, maxOffset)
	limitNumber(p["length"], 1, maxText)
	p["length"].Description += fmt.Sprintf(" The default is %d.", defaultText)
}

type articleOutput struct {
	Fence string `json:"fence" jsonschema:"Code of the lines around untrusted text in this answer."`
	Facts
	Revision   int    `json:"revision" jsonschema:"Number of the revision."`
	Newest     bool   `json:"newest" jsonschema:"Whether it is the newest revision."`
	Summary    string `json:"summary,omitempty" jsonschema:"Standfirst, fenced as untrusted."`
	Text       string `json:"text,omitempty" jsonschema:"Text, or the requested part of it, fenced as untrusted."`
	Characters int    `json:"characters" jsonschema:"Length of the whole text in characters."`
	NextOffset int    `json:"next_offset,omitempty" jsonschema:"Offset of the next part of the text. Absent if this is the last part."`
}

func (r reader) article(ctx context.Context, in articleInput) (articleOutput, error) {
	hit, revisions, err := r.revisions(ctx, in.ID)
	if err != nil {
		return articleOutput{}, err
	}
	newest := hit.Article
	chosen := revisions[len(revisions)-1]
	if in.Revision != 0 {
		if chosen, err = library.RevisionOf(hit, revisions, in.Revision); err != nil {
			return articleOutput{}, err
		}
	}
	hit.Article, hit.LastSeen = chosen.Article, chosen.LastSeen
	f := newFence()
	out := articleOutput{
		Fence: f.code, Facts: factsOf(hit), Revision: chosen.Number,
		Newest: chosen.Number == revisions[len(revisions)-1].Number,
	}
	text := hit.Article.GetText()
	out.Characters = utf8.RuneCountInString(text)
	// A site that reserves the newest revision also means the earlier ones.
	if out.Withheld = cmp.Or(out.Withheld, reservation(newest)); out.Withheld != "" {
		return out, nil
	}
	if in.Offset > 0 {
		skipped, _ := cut(text, in.Offset)
		text = text[len(skipped):]
	} else {
		out.Summary = f.around(first(hit.Article.GetSummary(), maxSummary))
	}
	part, rest := cut(text, cmp.Or(in.Length, defaultText))
	out.Text = f.around(part)
	if rest {
		out.NextOffset = in.Offset + utf8.RuneCountInString(part)
	}
	return out, nil
}

// revisions returns an article with its revisions, at least one.
func (r reader) revisions(ctx context.Context, id string) (store.Hit, []store.Revision, error) {
	hit, err := r.Article(ctx, library.Name(id))
	if err != nil {
		return hit, nil, err
	}
	revisions, err := r.Revisions(ctx, hit.ID)
	if err == nil && len(revisions) == 0 {
		err = fmt.Errorf("article %.100s: %w", hit.ID, store.ErrNotFound) // erased meanwhile
	}
	return hit, revisions, err
}

type historyInput struct {
	name

	Before int `json:"before,omitempty" jsonschema:"List only revisions that precede the one with this number: next_before of the previous answer."`
}

func limitHistory(p properties) {
	limitName(p)
	limitNumber(p["before"], 1, maxNumber)
}

// Revision is one revision in a list.
type Revision struct {
	Number       int       `json:"number"`
	FirstFetched time.Time `json:"first_fetched"`
	LastFetched  time.Time `json:"last_fetched"`
	Title        string    `json:"title"`
	WordCount    int32     `json:"word_count"`
	ContentHash  string    `json:"content_hash,omitempty" jsonschema:"Same value if title and text are the same."`
	Correction   string    `json:"correction,omitempty" jsonschema:"Paragraph in which the page states that it was corrected, fenced as untrusted."`
	Withheld     string    `json:"withheld,omitempty" jsonschema:"Why the text is not given. Absent if it is."`
}

type historyOutput struct {
	Fence      string     `json:"fence" jsonschema:"Code of the lines around untrusted text in this answer."`
	ID         string     `json:"id"`
	URL        string     `json:"url" jsonschema:"URL of the article, to cite."`
	Total      int        `json:"total" jsonschema:"Number of revisions of the article."`
	Revisions  []Revision `json:"revisions" jsonschema:"Revisions, the newest first."`
	NextBefore int        `json:"next_before,omitempty" jsonschema:"Value of before for the next page. Absent on the last page."`
}

func (r reader) history(ctx context.Context, in historyInput) (historyOutput, error) {
	hit, revisions, err := r.revisions(ctx, in.ID)
	if err != nil {
		return historyOutput{}, err
	}
	f := newFence()
	out := historyOutput{
		Fence: f.code, ID: hit.ID, URL: line(hit.Article.GetCanonicalUrl(), maxURL), Total: len(revisions),
		Revisions: []Revision{},
	}
	slices.Reverse(revisions)
	if in.Before > 0 {
		at := slices.IndexFunc(revisions, func(one store.Revision) bool { return one.Number == in.Before })
		if at < 0 {
			return out, fmt.Errorf("the article has no revision %d: %w", in.Before, store.ErrNotFound)
		}
		revisions = revisions[at+1:]
	}
	if len(revisions) > maxRevisions {
		revisions = revisions[:maxRevisions]
		out.NextBefore = revisions[maxRevisions-1].Number
	}
	reserved := reservation(hit.Article)
	for _, one := range revisions {
		a := one.Article
		entry := Revision{
			Number: one.Number, FirstFetched: one.FirstSeen.UTC(), LastFetched: one.LastSeen.UTC(),
			Title: line(a.GetTitle(), maxTitle), WordCount: a.GetWordCount(), ContentHash: a.GetContentHash(),
			Withheld: cmp.Or(reservation(a), reserved, library.TextNote(one)),
		}
		if entry.Withheld == "" {
			entry.Correction = f.around(first(library.Correction(a), maxSummary))
		}
		out.Revisions = append(out.Revisions, entry)
	}
	return out, nil
}
