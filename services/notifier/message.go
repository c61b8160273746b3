package notifier

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/webhook"
)

const (
	// payloadVersion is the version of the payload. It changes if a field changes its meaning or disappears.
	payloadVersion = 1
	// maxText is the maximum length in bytes of a text in a payload.
	maxText = 1 << 20
	// typeTest is the type of a sample.
	typeTest = "test"
)

// payload is the body of a message, in the form that Standard Webhooks recommends.
type payload struct {
	// Type is article.new, article.changed, article.erased or test.
	Type string `json:"type"`
	// Timestamp is when the store has committed the event.
	Timestamp time.Time   `json:"timestamp"`
	Version   int         `json:"version"`
	Data      payloadData `json:"data"`
}

type payloadData struct {
	Subscription string `json:"subscription"`
	ArticleID    string `json:"article_id"`
	// Revision is absent if the article was erased.
	Revision int `json:"revision,omitempty"`
	// Article is the record, as in the HTTP API. It is absent if the article was erased.
	Article json.RawMessage `json:"article,omitempty"`
	// Truncated reports whether the text was cut.
	Truncated bool `json:"truncated,omitempty"`
}

var recordJSON = protojson.MarshalOptions{UseProtoNames: true}

// errErased means that the store does not have the revision any more.
var errErased = errors.New("the article was erased before the delivery")

// message returns the message of a delivery. If the article was erased meanwhile, the error is errErased.
func (n *Notifier) message(
	ctx context.Context, s subscriptions.Subscription, d subscriptions.Delivery,
) (webhook.Message, error) {
	p := payload{
		Type: "article." + d.Event, Timestamp: d.EventTime,
		Data: payloadData{Subscription: s.Name, ArticleID: d.ArticleID, Revision: d.Revision},
	}
	var article *datelinev1.Article
	if d.Event != subscriptions.Erased {
		var err error
		if article, err = revisionOf(ctx, n.articles, d); err != nil {
			return webhook.Message{}, err
		}
	}
	return encode(d.MessageID(), p, article, s.Keys())
}

func encode(id string, p payload, article *datelinev1.Article, keys [][]byte) (webhook.Message, error) {
	p.Version = payloadVersion
	if article != nil {
		if len(article.GetText()) > maxText {
			article = proto.CloneOf(article)
			article.Text = strings.ToValidUTF8(article.GetText()[:maxText], "")
			article.Body = nil
			p.Data.Truncated = true
		}
		record, err := recordJSON.Marshal(article)
		if err != nil {
			return webhook.Message{}, fmt.Errorf("encoding article %s: %w", article.GetId(), err)
		}
		p.Data.Article = record
	}
	body, err := json.Marshal(p)
	if err != nil {
		return webhook.Message{}, fmt.Errorf("encoding message %s: %w", id, err)
	}
	return webhook.Message{ID: id, ContentType: "application/json", Body: body, Keys: keys}, nil
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
	data := payloadData{Subscription: s.Name, ArticleID: "sample", Revision: 1}
	if len(page.Hits) > 0 {
		article = page.Hits[0].Article
		data.ArticleID, data.Revision = page.Hits[0].ID, page.Hits[0].Revisions
	}
	id := typeTest + "-" + strings.ToLower(rand.Text())
	return encode(id, payload{Type: typeTest, Timestamp: now, Data: data}, article, s.Keys())
}
