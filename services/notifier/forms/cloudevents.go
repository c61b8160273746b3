package forms

import "time"

// The attributes of CloudEvents (https://github.com/cloudevents/spec, version 1.0).
const (
	cloudEventsVersion = "1.0"
	// cloudEventsSource identifies, with the id, an event.
	cloudEventsSource = "/dateline/articles"
	// cloudEventsPrefix starts the types.
	cloudEventsPrefix = "dateline."
)

type structuredEvent struct {
	SpecVersion     string      `json:"specversion"`
	ID              string      `json:"id"`
	Source          string      `json:"source"`
	Type            string      `json:"type"`
	Subject         string      `json:"subject"`
	Time            time.Time   `json:"time"`
	DataContentType string      `json:"datacontenttype"`
	Data            payloadData `json:"data"`
}

func cloudEvent(e Event) (Message, error) {
	data, err := dataOf(e)
	if err != nil {
		return Message{}, err
	}
	return encode(e, "application/cloudevents+json", structuredEvent{
		SpecVersion: cloudEventsVersion, ID: e.ID, Source: cloudEventsSource, Type: cloudEventsPrefix + e.Type,
		Subject: e.ArticleID, Time: e.Time, DataContentType: contentJSON, Data: data,
	})
}

// binaryCloudEvent has the attributes in headers. Their values are ASCII, so they need no escaping.
func binaryCloudEvent(e Event) (Message, error) {
	data, err := dataOf(e)
	if err != nil {
		return Message{}, err
	}
	m, err := encode(e, contentJSON, data)
	m.Header = map[string]string{
		"ce-specversion": cloudEventsVersion, "ce-id": e.ID, "ce-source": cloudEventsSource,
		"ce-type": cloudEventsPrefix + e.Type, "ce-subject": e.ArticleID, "ce-time": e.Time.Format(time.RFC3339Nano),
	}
	return m, err
}
