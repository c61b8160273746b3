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
	"github.com/dateline-news/dateline/services/notifier/webhook"
)

// errErased means that the store does not have the revision any more.
var errErased = errors.New("the article was erased before the delivery")

// message returns the message of a delivery. If the article was erased meanwhile, the error is errErased.
func (n *Notifier) message(
	ctx context.Context, s subscriptions.Subscription, d subscriptions.Delivery,
) (webhook.Message, error) {
	e := forms.Event{
		ID: d.MessageID(), Type: eventTypes[d.Event], Time: d.EventTime,
		Subscription: s.Name, ArticleID: d.ArticleID, Revision: d.Revision,
	}
	if d.Event != subscriptions.Erased {
		var err error
		if e.Article, err = revisionOf(ctx, n.articles, d); err != nil {
			return webhook.Message{}, err
		}
	}
	message, err := encode(s, e)
	if errors.Is(err, forms.ErrTemplate) {
		n.metrics.templateFailures.Inc()
		n.log.WarnContext(ctx, "template failed, delivering the default form", "stage", "notify",
			"subscription", s.Name, "article", d.ArticleID, "revision", d.Revision, "error", err)
		s.Form, s.Template = forms.Dateline, ""
		message, err = encode(s, e)
	}
	return message, err
}

// eventTypes are the types of the events of deliveries.
var eventTypes = map[string]string{
	subscriptions.New: forms.TypeNew, subscriptions.Changed: forms.TypeChanged, subscriptions.Erased: forms.TypeErased,
}

// encode returns an event as the message of a subscription.
func encode(s subscriptions.Subscription, e forms.Event) (webhook.Message, error) {
	rendered, err := forms.Render(s.Form, s.Template, e)
	return webhook.Message{
		ID: e.ID, ContentType: rendered.ContentType, Header: rendered.Header, Body: rendered.Body, Keys: s.Keys(),
	}, err
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

// Sample returns a message for a subscription that is like a delivery, except for its type. It has the newest
// article that matches, or a made one.
func Sample(ctx context.Context, articles store.Reader, s subscriptions.Subscription) (webhook.Message, error) {
	query, err := s.Query.Search()
	if err != nil {
		return webhook.Message{}, err
	}
	query.Limit, query.WithoutSnippets = 1, true
	page, err := articles.Search(ctx, query)
	if err != nil {
		return webhook.Message{}, err
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
	return encode(s, e)
}
