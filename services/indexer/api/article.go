package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// ArticleName is the part of a path that names an article.
type ArticleName struct {
	ID string `path:"id" maxLength:"8192" doc:"The article's id, the first eight digits of it or more, or a URL that leads to it, percent-encoded."`
}

type articleAnswer struct {
	ID        string    `json:"id"`
	FirstSeen time.Time `json:"first_seen" doc:"When it was first fetched."`
	LastSeen  time.Time `json:"last_seen" doc:"When it was last fetched."`
	Revisions int       `json:"revisions" doc:"How many revisions there are."`
	Story     string    `json:"story,omitempty" doc:"Shared by articles that are copies of one another."`
	Record    Record    `json:"record" doc:"The newest revision, with the provenance of each field."`
}

type revisionAnswer struct {
	Number     int       `json:"number" doc:"From 1, in the order in which they reached the store."`
	FirstSeen  time.Time `json:"first_seen" doc:"The first fetch that showed it."`
	LastSeen   time.Time `json:"last_seen" doc:"The last fetch that showed it."`
	Title      string    `json:"title"`
	WordCount  int32     `json:"word_count"`
	Correction string    `json:"correction,omitempty" doc:"The paragraph in which the page says that it was corrected."`
	Record     *Record   `json:"record,omitempty" doc:"Given where records=true."`
}

type memberAnswer struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	Host      string    `json:"host"`
	Title     string    `json:"title"`
	Time      time.Time `json:"time" doc:"When it was published, or else first fetched."`
	FirstSeen time.Time `json:"first_seen"`
}

type bytesAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *service) article(ctx context.Context, id string) (store.Hit, error) {
	hit, err := s.library.Article(ctx, library.Name(id))
	if err != nil {
		return store.Hit{}, s.problem(ctx, err)
	}
	return hit, nil
}

func (s *service) registerArticle(a huma.API) {
	huma.Register(a, get("article", "/articles/{id}", "articles", "Read an article", "", http.StatusNotFound),
		func(ctx context.Context, in *ArticleName) (*struct{ Body articleAnswer }, error) {
			hit, err := s.article(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body articleAnswer }{articleAnswer{hit.ID, hit.FirstSeen, hit.LastSeen, hit.Revisions, hit.Story, Record{hit.Article}}}, nil
		})

	huma.Register(a, get("revisions", "/articles/{id}/revisions", "articles", "List an article's revisions", "", http.StatusNotFound),
		func(ctx context.Context, in *struct {
			ArticleName
			Records bool `query:"records" doc:"Give the whole records."`
		}) (*struct{ Body []revisionAnswer }, error) {
			revisions, err := s.revisions(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []revisionAnswer }{[]revisionAnswer{}}
			for _, r := range revisions {
				one := revisionAnswer{Number: r.Number, FirstSeen: r.FirstSeen, LastSeen: r.LastSeen, Title: r.Article.GetTitle(),
					WordCount: r.Article.GetWordCount(), Correction: library.Correction(r.Article)}
				if in.Records {
					one.Record = &Record{r.Article}
				}
				out.Body = append(out.Body, one)
			}
			return out, nil
		})

	huma.Register(a, get("diff", "/articles/{id}/diff", "articles", "Compare two revisions", "Word by word. Unless given, the newest revision with the one before it.",
		http.StatusBadRequest, http.StatusNotFound),
		func(ctx context.Context, in *struct {
			ArticleName
			From int `query:"from" minimum:"1" doc:"The number of the earlier revision."`
			To   int `query:"to" minimum:"1" doc:"The number of the later revision."`
		}) (*struct{ Body library.Difference }, error) {
			revisions, err := s.revisions(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			before, after, err := ChooseRevisions(revisions, in.From, in.To)
			if err != nil {
				return nil, huma.Error400BadRequest(err.Error())
			}
			return &struct{ Body library.Difference }{library.Diff(before.Article, after.Article)}, nil
		})

	huma.Register(a, get("story", "/articles/{id}/story", "articles", "List an article's copies", "By the time of publication: the first is the first publisher's. Empty where there are none.",
		http.StatusNotFound),
		func(ctx context.Context, in *ArticleName) (*struct{ Body []memberAnswer }, error) {
			hit, err := s.article(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			members, err := s.library.Story(ctx, hit.ID)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			out := &struct{ Body []memberAnswer }{[]memberAnswer{}}
			for _, m := range members {
				out.Body = append(out.Body, memberAnswer(m))
			}
			return out, nil
		})

	huma.Register(a, get("outcomes", "/articles/{id}/outcomes", "articles", "Tell what became of an article's URLs", "Each stage's outcome, by time.", http.StatusNotFound),
		func(ctx context.Context, in *ArticleName) (*struct{ Body []outcomeAnswer }, error) {
			outcomes, err := s.library.Outcomes(ctx, library.Name(in.ID))
			if err == nil && len(outcomes) == 0 {
				var hit store.Hit
				if hit, err = s.library.Article(ctx, library.Name(in.ID)); err == nil {
					outcomes, err = s.library.Outcomes(ctx, hit.Article.GetCanonicalUrl())
				}
			}
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			return &struct{ Body []outcomeAnswer }{outcomeAnswers(outcomes)}, nil
		})

	huma.Register(a, get("raw", "/articles/{id}/raw", "articles", "Get the page as received", "Byte for byte as the origin sent it, with its content encoding; for as long as the stream of pages keeps it.",
		http.StatusNotFound, http.StatusGone),
		func(ctx context.Context, in *ArticleName) (*rawAnswer, error) {
			hit, err := s.article(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			raw, err := s.library.Raw(ctx, hit.Article)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			// What a stranger wrote is never shown as a page of ours.
			return &rawAnswer{
				ContentType: "application/octet-stream", ContentEncoding: raw.ContentEncoding, OriginalType: raw.ContentType, Location: raw.URL,
				Disposition: fmt.Sprintf(`attachment; filename="%.16s.html"`, hit.ID), Body: raw.Body,
			}, nil
		})

	for _, form := range []struct {
		name, contentType, summary string
		write                      func(store.Hit) ([]byte, error)
	}{
		{"newsarticle", "application/ld+json", "Get an article as a schema.org NewsArticle", func(hit store.Hit) ([]byte, error) { return library.NewsArticle(hit.Article) }},
		{"ninjs", "application/json", "Get an article as an item of IPTC ninjs 3.0", library.Ninjs},
	} {
		operation := get(form.name, "/articles/{id}/"+form.name, "articles", form.summary, "", http.StatusNotFound)
		operation.Responses = map[string]*huma.Response{"200": {Description: "The article", Content: map[string]*huma.MediaType{form.contentType: {}}}}
		huma.Register(a, operation, func(ctx context.Context, in *ArticleName) (*bytesAnswer, error) {
			hit, err := s.article(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			body, err := form.write(hit)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			return &bytesAnswer{form.contentType, body}, nil
		})
	}
}

type rawAnswer struct {
	ContentType     string `header:"Content-Type"`
	ContentEncoding string `header:"Content-Encoding"`
	Disposition     string `header:"Content-Disposition"`
	OriginalType    string `header:"X-Original-Content-Type" doc:"The content type that the origin gave."`
	Location        string `header:"Content-Location" doc:"The URL that the page came from."`
	Body            []byte
}

func (s *service) revisions(ctx context.Context, id string) ([]store.Revision, error) {
	hit, err := s.article(ctx, id)
	if err != nil {
		return nil, err
	}
	revisions, err := s.library.Revisions(ctx, hit.ID)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return revisions, nil
}

// ChooseRevisions returns the revisions with two numbers; 0 stands for the
// newest one, or for the one before the other.
func ChooseRevisions(revisions []store.Revision, from, to int) (before, after store.Revision, err error) {
	find := func(number int) int {
		for i, r := range revisions {
			if r.Number == number {
				return i
			}
		}
		return -1
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
		return before, after, errors.New("there is but one revision; nothing can be compared")
	case last < 0:
		return before, after, errors.New("there is no revision " + strconv.Itoa(to))
	case first < 0 && from != 0:
		return before, after, errors.New("there is no revision " + strconv.Itoa(from))
	case first < 0:
		return before, after, fmt.Errorf("revision %d is the first; nothing is before it", to)
	}
	return revisions[first], revisions[last], nil
}

type outcomeAnswer struct {
	Time    time.Time `json:"time"`
	Stage   string    `json:"stage"`
	Verdict string    `json:"verdict"`
	Reason  string    `json:"reason,omitempty"`
	Detail  string    `json:"detail,omitempty" doc:"What happened, where, and what can be done."`
	URL     string    `json:"url,omitempty"`
	Request string    `json:"request,omitempty"`
	Attempt int32     `json:"attempt"`
	Output  string    `json:"output,omitempty" doc:"The id of what was produced."`
}

func outcomeAnswers(outcomes []*datelinev1.Outcome) []outcomeAnswer {
	all := make([]outcomeAnswer, len(outcomes))
	for i, o := range outcomes {
		end := library.Ends([]store.Count{{Stage: o.GetStage(), Verdict: o.GetVerdict()}})[0]
		all[i] = outcomeAnswer{o.GetTime().AsTime(), end.Stage, end.Verdict, o.GetReason(), o.GetDetail(), o.GetUrl(), o.GetRequestId(), o.GetAttempt(), o.GetOutputId()}
	}
	return all
}
