package discoverer

import (
	"context"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/discoverer/trial"
)

// Try finds the endpoints of a source and reports each, as the stage would use it. get
// fetches one. Nothing is stored.
func Try(
	ctx context.Context, source sources.Source, config Config,
	get func(context.Context, sources.Endpoint) (*datelinev1.Page, error), report func(trial.Endpoint),
) error {
	queue, err := sources.First(source)
	if err != nil {
		return err
	}
	asked, taken := map[string]bool{}, map[string]bool{}
	for tries := 0; len(queue) > 0 && tries < trial.MaxRequests && ctx.Err() == nil; queue = queue[1:] {
		e := queue[0]
		if asked[e.ID] {
			continue
		}
		asked[e.ID] = true
		tries++
		tried := trial.Endpoint{URL: e.URL, Purpose: subject.PurposeName(e.Purpose), Hint: e.Hint}
		page, err := get(ctx, e)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			tried.Error = err.Error()
			report(tried)
			continue
		}
		e.Poll = 1
		made := judge(e, source, &peers{}, page, page.GetBody(), config, time.Now())
		if made.verdict == datelinev1.Verdict_VERDICT_REJECTED {
			tried.Error = made.detail
		}
		tried.LeftOut = made.leftOut
		tried.Listed = len(made.endpoint.Signature) / hashSize
		for _, a := range made.fresh {
			url := a.url.String()
			if taken[url] {
				continue
			}
			taken[url] = true
			if tried.New++; tried.New <= trial.MaxArticles {
				tried.Articles = append(tried.Articles, trial.Article{
					URL: url, Title: a.item.Title, Published: publishedAt(a.item),
				})
			}
		}
		report(tried)
		queue = append(queue, made.named...)
	}
	return ctx.Err()
}
