package discoverer

import (
	"context"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// MaxTries is the maximum number of requests to find the endpoints of a site.
const MaxTries = 30

// Trial is what one endpoint of a site would give.
type Trial struct {
	URL     string `json:"url"`
	Purpose string `json:"purpose"`
	Hint    string `json:"hint"`
	// Error is why the endpoint cannot be used, if it cannot.
	Error string `json:"error,omitempty"`
	// Listed is the number of its articles, and New the articles that would be taken
	// and that no endpoint before it lists.
	Listed int `json:"listed"`
	// LeftOut is the number of articles that the policy does not take.
	LeftOut int            `json:"left_out,omitempty"`
	New     []TrialArticle `json:"new,omitempty"`
}

// TrialArticle is an article that an endpoint lists.
type TrialArticle struct {
	URL       string    `json:"url"`
	Title     string    `json:"title,omitempty"`
	Published time.Time `json:"published,omitzero"`
}

// Try finds the endpoints of a source and reports each, as the stage would use it. get
// fetches one. Nothing is stored.
func Try(
	ctx context.Context, source sources.Source, config Config,
	get func(context.Context, sources.Endpoint) (*datelinev1.Page, error), report func(Trial),
) error {
	queue, err := sources.First(source)
	if err != nil {
		return err
	}
	asked, taken := map[string]bool{}, map[string]bool{}
	for tries := 0; len(queue) > 0 && tries < MaxTries && ctx.Err() == nil; queue = queue[1:] {
		e := queue[0]
		if asked[e.ID] {
			continue
		}
		asked[e.ID] = true
		tries++
		trial := Trial{URL: e.URL, Purpose: subject.PurposeName(e.Purpose), Hint: e.Hint}
		page, err := get(ctx, e)
		if err != nil {
			trial.Error = err.Error()
			report(trial)
			continue
		}
		e.Poll = 1
		made := judge(e, source, &peers{}, page, page.GetBody(), config, time.Now())
		if made.verdict == datelinev1.Verdict_VERDICT_REJECTED {
			trial.Error = made.detail
		}
		trial.LeftOut = made.leftOut
		trial.Listed = len(made.endpoint.Signature) / hashSize
		for _, a := range made.fresh {
			if url := a.url.String(); !taken[url] {
				taken[url] = true
				trial.New = append(trial.New, TrialArticle{url, a.item.Title, publishedAt(a.item)})
			}
		}
		report(trial)
		queue = append(queue, made.named...)
	}
	return ctx.Err()
}
