package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

// jsonFeed is a JSON Feed: https://www.jsonfeed.org/version/1.1/.
type jsonFeed struct {
	Version  string `json:"version"`
	FeedURL  string `json:"feed_url"`
	NextURL  string `json:"next_url"`
	Language string `json:"language"`
	Hubs     []struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	} `json:"hubs"`
}

type jsonItem struct {
	ID          any          `json:"id"` // some feeds have numbers
	URL         string       `json:"url"`
	ExternalURL string       `json:"external_url"`
	Title       string       `json:"title"`
	Summary     string       `json:"summary"`
	Image       string       `json:"image"`
	BannerImage string       `json:"banner_image"`
	Published   string       `json:"date_published"`
	Modified    string       `json:"date_modified"`
	Author      jsonAuthor   `json:"author"` // version 1.0
	Authors     []jsonAuthor `json:"authors"`
	Tags        []string     `json:"tags"`
	Language    string       `json:"language"`
}

type jsonAuthor struct {
	Name string `json:"name"`
}

// readJSON reads the members of the feed one by one, so that a truncated feed gives its
// complete items.
func readJSON(text []byte, base string, l *found.Listing) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return fmt.Errorf("the JSON is not an object: %w", found.ErrFormat)
	}
	r := jsonReader{base: base, list: l, seen: make(map[string]bool), members: make(map[string]json.RawMessage)}
	err := r.read(d)
	head, headErr := r.head()
	switch {
	case headErr != nil:
		return headErr
	case err != nil:
		l.Truncated = true
		l.Warn("the JSON is damaged or ends early: " + err.Error())
	}
	l.Self, l.Next = found.Resolve(base, head.FeedURL), found.Resolve(base, head.NextURL)
	for _, hub := range head.Hubs {
		if l.Hub == "" && strings.EqualFold(hub.Type, "WebSub") {
			l.Hub = found.Resolve(base, hub.URL)
		}
	}
	for i := range l.Items {
		if l.Items[i].Language == "" {
			l.Items[i].Language = found.Text(head.Language)
		}
	}
	return nil
}

type jsonReader struct {
	base    string
	list    *found.Listing
	seen    map[string]bool
	members map[string]json.RawMessage // all except the items
	items   bool                       // the feed has a list of items
}

// maxMembers is the maximum number of members of the feed that are kept.
const maxMembers = 100

func (r *jsonReader) read(d *json.Decoder) error {
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		if name == "items" {
			if more, err := r.readItems(d); err != nil || !more {
				return err
			}
			continue
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if len(r.members) < maxMembers {
			r.members[name] = raw
		}
	}
	_, err := d.Token()
	return err
}

func (r *jsonReader) readItems(d *json.Decoder) (more bool, err error) {
	if token, err := d.Token(); err != nil || token != json.Delim('[') {
		return false, fmt.Errorf("items is not an array: %w", found.ErrFormat)
	}
	r.items = true
	for position := 0; d.More(); position++ {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return false, err
		}
		var item jsonItem
		if err := json.Unmarshal(raw, &item); err != nil && item.URL == "" {
			r.list.Warn("ignored items with members of the wrong type")
			continue
		}
		converted := item.convert(r.base)
		converted.Position = position
		if !add(r.list, r.seen, converted) {
			return false, nil
		}
	}
	_, err = d.Token()
	return true, err
}

// head returns the members of the feed other than its items. It fails if the object is
// not a JSON Feed.
func (r *jsonReader) head() (jsonFeed, error) {
	var head jsonFeed
	for name, into := range map[string]any{
		"version": &head.Version, "feed_url": &head.FeedURL, "next_url": &head.NextURL,
		"language": &head.Language, "hubs": &head.Hubs,
	} {
		if raw, ok := r.members[name]; ok && json.Unmarshal(raw, into) != nil {
			r.list.Warn("ignored " + name + ", which has the wrong type")
		}
	}
	if !r.items || !strings.Contains(head.Version, "jsonfeed.org") && len(r.list.Items) == 0 {
		return head, fmt.Errorf("the JSON is not a JSON Feed: %w", found.ErrFormat)
	}
	return head, nil
}

func (it *jsonItem) convert(base string) found.Item {
	item := found.Item{
		Title: found.Text(it.Title), Summary: found.Text(it.Summary), Language: found.Text(it.Language),
		Published: date(it.Published), Modified: date(it.Modified),
	}
	if it.ID != nil {
		item.GUID = found.Cut(fmt.Sprint(it.ID))
	}
	item.URL = firstURL(base, it.URL, it.ExternalURL)
	if item.URL == "" {
		item.URL = found.Resolve("", item.GUID)
	}
	item.Image = firstURL(base, it.Image, it.BannerImage)
	for _, a := range append(it.Authors, it.Author) {
		item.Authors = found.Append(item.Authors, a.Name)
	}
	for _, tag := range it.Tags {
		item.Keywords = found.Append(item.Keywords, tag)
	}
	return item
}

func firstURL(base string, refs ...string) string {
	for _, ref := range refs {
		if u := found.Resolve(base, ref); u != "" {
			return u
		}
	}
	return ""
}
