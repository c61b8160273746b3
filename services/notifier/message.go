package notifier

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

// errErased means that the store does not have the revision any more.
var errErased = errors.New("the article was erased before the delivery")

// errCopy means that another article of the story is delivered.
var errCopy = errors.New("another article of the same story was delivered")

const (
	// changeContext is the number of bytes of unchanged text around each change, and maxChanges the maximum size of
	// all changes of a text.
	changeContext, maxChanges = 120, 64 << 10
	// maxCopies is the maximum number of articles of a story that are looked at.
	maxCopies = 500
)

// item returns a delivery as an item for its target. If the article was erased meanwhile, the error is errErased. If
// only the first article of a story is delivered and this is another, it is errCopy.
func (n *Notifier) item(
	ctx context.Context, s subscriptions.Subscription, d subscriptions.Delivery,
) (targets.Item, error) {
	e := forms.Event{
		ID: d.MessageID(), Type: eventTypes[d.Event], Time: d.EventTime,
		Subscription: s.Name, ArticleID: d.ArticleID, Revision: d.Revision,
	}
	if d.Event != subscriptions.Erased {
		found, err := revisionOf(ctx, n.articles, d)
		if err != nil {
			return targets.Item{}, err
		}
		if s.FirstOfStory {
			if err := n.isFirstOfStory(ctx, d, found.hit); err != nil {
				return targets.Item{}, err
			}
		}
		e.Article, e.Story = found.article, found.hit.Story
		if d.Event == subscriptions.Changed && found.before != nil {
			changes := textdiff.Of(found.before, found.article).Shortened(changeContext, maxChanges)
			e.Changes = &changes
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

// revision is what is delivered of an article.
type revision struct {
	hit     store.Hit
	article *datelinev1.Article
	// before is the previous revision. It is nil for the first revision, and if its text was deleted.
	before *datelinev1.Article
}

// revisionOf returns a delivery's revision. The article may have been joined with another since, so that it has another
// id and its revisions other numbers.
func revisionOf(ctx context.Context, articles store.Reader, d subscriptions.Delivery) (revision, error) {
	hit, err := articles.Article(ctx, d.ArticleID)
	if errors.Is(err, store.ErrNotFound) {
		return revision{}, errErased
	}
	if err != nil {
		return revision{}, err
	}
	if d.Event == subscriptions.New && hit.Article.GetContentHash() == d.Hash {
		return revision{hit: hit, article: hit.Article}, nil
	}
	revisions, err := articles.Revisions(ctx, hit.ID)
	if err != nil {
		return revision{}, err
	}
	i := slices.IndexFunc(revisions, func(r store.Revision) bool { return r.Article.GetContentHash() == d.Hash })
	if i < 0 && hit.ID == d.ArticleID { // its record was extracted again
		i = slices.IndexFunc(revisions, func(r store.Revision) bool { return r.Number == d.Revision })
	}
	if i < 0 {
		return revision{}, errErased
	}
	found := revision{hit: hit, article: revisions[i].Article}
	if i > 0 && revisions[i-1].TextRemoved.IsZero() {
		found.before = revisions[i-1].Article
	}
	return found, nil
}

// isFirstOfStory returns errCopy if another article of the same story was or is delivered before.
func (n *Notifier) isFirstOfStory(ctx context.Context, d subscriptions.Delivery, hit store.Hit) error {
	if hit.Story == "" {
		return nil
	}
	members, err := n.articles.Story(ctx, hit.ID)
	if err != nil {
		return err
	}
	var others []string
	for _, m := range members {
		if m.ID != d.ArticleID && m.ID != hit.ID && len(others) < maxCopies {
			others = append(others, m.ID)
		}
	}
	isFirst, err := n.subscriptions.IsFirst(ctx, d, others)
	if err == nil && !isFirst {
		err = errCopy
	}
	return err
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
