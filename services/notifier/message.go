package notifier

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

// errErased means that the store does not have the revision any more.
var errErased = errors.New("the article was erased before the delivery")

// item returns a delivery as an item for its target. If the article was erased meanwhile, the error is errErased.
func (n *Notifier) item(
	ctx context.Context, s subscriptions.Subscription, d subscriptions.Delivery,
) (targets.Item, error) {
	e := forms.Event{
		ID: d.MessageID(), Type: eventTypes[d.Event], Time: d.EventTime,
		Subscription: s.Name, ArticleID: d.ArticleID, Revision: d.Revision,
	}
	if d.Event != subscriptions.Erased {
		var err error
		if e.Article, err = revisionOf(ctx, n.articles, d); err != nil {
			return targets.Item{}, err
		}
	}
	item, err := encode(s, d.ID, e)
	if errors.Is(err, forms.ErrTemplate) {
		n.metrics.templateFailures.Inc()
		n.log.WarnContext(ctx, "template failed, delivering the default form", "stage", "notify",
			"subscription", s.Name, "article", d.ArticleID, "revision", d.Revision, "error", err)
		s.Form, s.Template = forms.Dateline, ""
		item, err = encode(s, d.ID, e)
	}
	return item, err
}

// eventTypes are the types of the events of deliveries.
var eventTypes = map[string]string{
	subscriptions.New: forms.TypeNew, subscriptions.Changed: forms.TypeChanged, subscriptions.Erased: forms.TypeErased,
}

// encode returns an event in the form of the subscription. Files have forms of their own.
func encode(s subscriptions.Subscription, id int64, e forms.Event) (targets.Item, error) {
	item := targets.Item{ID: id, Event: e}
	if s.Kind() == subscriptions.KindFiles {
		return item, nil
	}
	var err error
	item.Message, err = forms.Render(s.Form, s.Template, e)
	return item, err
}

// revisionOf returns the record of a delivery's revision. The article may have been joined with another since, so that
// it has another id and its revisions other numbers.
func revisionOf(
	ctx context.Context, articles store.Reader, d subscriptions.Delivery,
) (*datelinev1.Article, error) {
	hit, err := articles.Article(ctx, d.ArticleID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errErased
	}
	if err != nil {
		return nil, err
	}
	if hit.Article.GetContentHash() == d.Hash {
		return hit.Article, nil
	}
	revisions, err := articles.Revisions(ctx, hit.ID)
	if err != nil {
		return nil, err
	}
	for _, one := range revisions {
		if one.Article.GetContentHash() == d.Hash {
			return one.Article, nil
		}
	}
	for _, one := range revisions { // its record was extracted again
		if hit.ID == d.ArticleID && one.Number == d.Revision {
			return one.Article, nil
		}
	}
	return nil, errErased
}

// Sample returns an item for a subscription that is like a delivery, except for its type. It has the newest
// article that matches, or a made one.
func Sample(ctx context.Context, articles store.Reader, s subscriptions.Subscription) (targets.Item, error) {
	query, err := s.Query.Search()
	if err != nil {
		return targets.Item{}, err
	}
	query.Limit, query.WithoutSnippets = 1, true
	page, err := articles.Search(ctx, query)
	if err != nil {
		return targets.Item{}, err
	}
	now := time.Now().UTC()
	article := &datelinev1.Article{
		Id: "sample", CanonicalUrl: "https://example.com/sample", Host: "example.com", Title: "A sample article",
		Text: "No stored article matches the query yet. This one was made to test the target.", Language: "en",
		FetchTime: timestamppb.New(now),
	}
	e := forms.Event{
		ID: forms.TypeTest + "-" + strings.ToLower(rand.Text()), Type: forms.TypeTest, Time: now,
		Subscription: s.Name, ArticleID: "sample", Revision: 1, Article: article,
	}
	if len(page.Hits) > 0 {
		e.Article, e.ArticleID, e.Revision = page.Hits[0].Article, page.Hits[0].ID, page.Hits[0].Revisions
	}
	return encode(s, 0, e)
}
