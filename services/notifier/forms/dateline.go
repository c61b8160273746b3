package forms

import (
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/dateline-news/dateline/services/indexer/textdiff"
)

// payloadVersion is the version of the payload. It changes if a field changes its meaning or disappears.
const payloadVersion = 1

// payload is an event in the form that Standard Webhooks recommends.
type payload struct {
	Type      string      `json:"type"`
	Timestamp time.Time   `json:"timestamp"`
	Version   int         `json:"version"`
	Data      payloadData `json:"data"`
}

type payloadData struct {
	Subscription string `json:"subscription"`
	ArticleID    string `json:"article_id"`
	// Revision is absent if the article was erased.
	Revision int `json:"revision,omitempty"`
	// Story is the id of the article's story. It is absent if no copies are known.
	Story string `json:"story,omitempty"`
	// Changes are absent unless the type is TypeChanged.
	Changes *textdiff.Difference `json:"changes,omitempty"`
	// Article is the record, as in the HTTP API. It is absent if the article was erased.
	Article json.RawMessage `json:"article,omitempty"`
	// Truncated reports whether the text was cut.
	Truncated bool `json:"truncated,omitempty"`
}

var recordJSON = protojson.MarshalOptions{UseProtoNames: true}

func dateline(e Event) (Message, error) {
	data, err := dataOf(e)
	if err != nil {
		return Message{}, err
	}
	return encode(e, contentJSON, payload{Type: e.Type, Timestamp: e.Time, Version: payloadVersion, Data: data})
}

func dataOf(e Event) (payloadData, error) {
	data := payloadData{
		Subscription: e.Subscription, ArticleID: e.ArticleID, Revision: e.Revision, Truncated: e.truncated,
		Story: e.Story, Changes: e.Changes,
	}
	if e.Article != nil {
		record, err := recordJSON.Marshal(e.Article)
		if err != nil {
			return data, fmt.Errorf("encoding article %s: %w", e.ArticleID, err)
		}
		data.Article = record
	}
	return data, nil
}

func encode(e Event, contentType string, value any) (Message, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return Message{}, fmt.Errorf("encoding message %s: %w", e.ID, err)
	}
	return Message{ContentType: contentType, Body: body}, nil
}
