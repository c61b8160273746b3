package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
)

type revisionAnswer struct {
	Number     int       `json:"number" doc:"Number of the revision, from 1, in the order in which they reached the store."`
	Newest     bool      `json:"newest" doc:"Whether it is the article's newest revision."`
	FirstSeen  time.Time `json:"first_seen" doc:"Time of the first fetch with this revision."`
	LastSeen   time.Time `json:"last_seen" doc:"Time of the last fetch with this revision."`
	Title      string    `json:"title"`
	WordCount  int32     `json:"word_count"`
	Correction string    `json:"correction,omitempty" doc:"Paragraph in which the page states that it was corrected."`
	Replayed   string    `json:"replayed,omitempty" doc:"Version and run that extracted the revision again from its stored page. Empty if it was extracted after the fetch."`
	TextGone   time.Time `json:"text_removed,omitzero" doc:"When the text was deleted because of its age. The record then has no text and no images."`
	Record     *Record   `json:"record,omitempty" doc:"Full record. A list contains it only if records=true."`
}

type revisionsInput struct {
	ArticleName
	Records bool `query:"records" doc:"Include the full records."`
}

func (s *service) listRevisions(ctx context.Context, in *revisionsInput) (*body[[]revisionAnswer], error) {
	revisions, err := s.revisions(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	answers := []revisionAnswer{}
	for i, r := range revisions {
		one := newRevision(r, i == len(revisions)-1)
		if in.Records {
			one.Record = &Record{r.Article}
		}
		answers = append(answers, one)
	}
	return &body[[]revisionAnswer]{answers}, nil
}

// newRevision returns a revision without its record.
func newRevision(r store.Revision, newest bool) revisionAnswer {
	return revisionAnswer{
		Number: r.Number, Newest: newest, FirstSeen: r.FirstSeen, LastSeen: r.LastSeen, Title: r.Article.GetTitle(),
		WordCount: r.Article.GetWordCount(), Correction: library.Correction(r.Article),
		Replayed: library.ExtractedAgain(r.Article), TextGone: r.TextRemoved,
	}
}

type revisionName struct {
	ArticleName

	Number int `path:"number" minimum:"1" doc:"Number of the revision."`
}

func (s *service) getRevision(ctx context.Context, in *revisionName) (*body[revisionAnswer], error) {
	_, revision, newest, err := s.revision(ctx, in)
	if err != nil {
		return nil, err
	}
	answer := newRevision(revision, newest)
	answer.Record = &Record{revision.Article}
	return &body[revisionAnswer]{answer}, nil
}

func (s *service) rawRevision(ctx context.Context, in *revisionName) (*rawAnswer, error) {
	hit, revision, _, err := s.revision(ctx, in)
	if err != nil {
		return nil, err
	}
	hit.Article = revision.Article
	return s.rawPage(ctx, hit)
}

// revision returns an article with one of its revisions, and reports whether it is the
// newest.
func (s *service) revision(
	ctx context.Context, in *revisionName,
) (hit store.Hit, revision store.Revision, newest bool, err error) {
	if hit, err = s.article(ctx, in.ID); err != nil {
		return hit, revision, false, err
	}
	revisions, err := s.Revisions(ctx, hit.ID)
	if err == nil {
		revision, err = library.RevisionOf(hit, revisions, in.Number)
	}
	if err != nil {
		return hit, revision, false, s.errorResponse(ctx, err)
	}
	return hit, revision, revision.Number == revisions[len(revisions)-1].Number, nil
}

type diffInput struct {
	ArticleName
	From int `query:"from" minimum:"1" doc:"Number of the earlier revision."`
	To   int `query:"to" minimum:"1" doc:"Number of the later revision."`
}

func (s *service) diff(ctx context.Context, in *diffInput) (*body[textdiff.Difference], error) {
	revisions, err := s.revisions(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	before, after, err := ChooseRevisions(revisions, in.From, in.To)
	if err != nil {
		return nil, huma.Error400BadRequest(err.Error())
	}
	return &body[textdiff.Difference]{textdiff.Of(before.Article, after.Article)}, nil
}

func (s *service) revisions(ctx context.Context, id string) ([]store.Revision, error) {
	hit, err := s.article(ctx, id)
	if err != nil {
		return nil, err
	}
	revisions, err := s.Revisions(ctx, hit.ID)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	return revisions, nil
}

// ChooseRevisions returns the revisions with two numbers. If to is 0, after is
// the newest revision; if from is 0, before is the one preceding after. Revisions whose
// texts were deleted cannot be chosen.
func ChooseRevisions(revisions []store.Revision, from, to int) (before, after store.Revision, err error) {
	find := func(number int) int {
		return slices.IndexFunc(revisions, func(r store.Revision) bool { return r.Number == number })
	}
	last := len(revisions) - 1
	if to != 0 {
		last = find(to)
	}
	first := last - 1
	if from != 0 {
		first = find(from)
	}
	switch {
	case len(revisions) < 2:
		return before, after, errors.New("there is only one revision: nothing to compare")
	case last < 0:
		return before, after, fmt.Errorf("there is no revision %d", to)
	case first < 0 && from != 0:
		return before, after, fmt.Errorf("there is no revision %d", from)
	case first < 0:
		return before, after, fmt.Errorf("revision %d is the first: it has no earlier one", to)
	}
	before, after = revisions[first], revisions[last]
	for _, r := range []store.Revision{before, after} {
		if note := library.TextNote(r); note != "" {
			return before, after, errors.New(note + ": nothing to compare")
		}
	}
	return before, after, nil
}
