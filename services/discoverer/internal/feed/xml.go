package feed

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

// maxTTL is the maximum time that a feed can ask to wait.
const maxTTL = 7 * 24 * time.Hour

func readXML(text []byte, base string, l *found.Listing) error {
	doc, err := repair(text, l)
	if err != nil {
		return err
	}
	p := gofeed.NewParser()
	p.KeepOriginalFeed = true
	p.RSSTranslator = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	p.AtomTranslator = &gofeed.DefaultAtomTranslator{}
	parsed, err := p.Parse(bytes.NewReader(doc))
	if err != nil {
		return fmt.Errorf("%w: %w", found.ErrFormat, err)
	}
	l.Self = found.Resolve(base, parsed.FeedLink)
	links := channelLinks(parsed)
	l.Next, l.Hub = found.Resolve(base, links["next"]), found.Resolve(base, links["hub"])
	l.TTL = ttl(parsed)
	if parsed.ITunesExt != nil {
		l.MovedTo = found.Resolve(base, parsed.ITunesExt.NewFeedURL)
	}
	seen := make(map[string]bool, len(parsed.Items))
	for i, it := range parsed.Items {
		item := convert(it, base)
		item.Position = i
		if item.Language == "" {
			item.Language = found.Text(parsed.Language)
		}
		if !add(l, seen, item) {
			break
		}
	}
	return nil
}

// channelLinks returns the first link of each relation, from Atom or from its elements in
// RSS.
func channelLinks(f *gofeed.Feed) map[string]string {
	links := make(map[string]string)
	put := func(rel, href string) {
		if rel = strings.ToLower(rel); href != "" && links[rel] == "" {
			links[rel] = href
		}
	}
	for _, prefix := range []string{"atom", "atom10", "atom03"} {
		for _, e := range f.Extensions[prefix]["link"] {
			put(e.Attrs["rel"], e.Attrs["href"])
		}
	}
	if a, ok := f.OriginalFeed().(*atom.Feed); ok {
		for _, link := range a.Links {
			put(link.Rel, link.Href)
		}
	}
	return links
}

// ttl returns the time for which the publisher expects the feed to stay the same: the
// RSS element ttl in minutes, or the syndication module's period and frequency.
func ttl(f *gofeed.Feed) time.Duration {
	if r, ok := f.OriginalFeed().(*rss.Feed); ok {
		if minutes, err := strconv.Atoi(strings.TrimSpace(r.TTL)); err == nil && minutes > 0 {
			return min(time.Duration(min(minutes, int(maxTTL/time.Minute)))*time.Minute, maxTTL)
		}
	}
	period, ok := map[string]time.Duration{
		"hourly": time.Hour, "daily": 24 * time.Hour, "weekly": 7 * 24 * time.Hour,
		"monthly": 30 * 24 * time.Hour, "yearly": 365 * 24 * time.Hour,
	}[strings.ToLower(strings.TrimSpace(value(f.Extensions, "sy", "updatePeriod")))]
	if !ok {
		return 0
	}
	frequency, err := strconv.Atoi(strings.TrimSpace(value(f.Extensions, "sy", "updateFrequency")))
	if err != nil || frequency < 1 {
		frequency = 1
	}
	return min(period/time.Duration(frequency), maxTTL)
}

// value returns the text of the first element with this prefix and name, or "".
func value(e ext.Extensions, prefix, name string) string {
	if found := e[prefix][name]; len(found) > 0 {
		return found[0].Value
	}
	return ""
}

func convert(it *gofeed.Item, base string) found.Item {
	item := found.Item{
		URL:     itemURL(it, base),
		GUID:    found.Cut(it.GUID),
		Title:   found.Text(it.Title),
		Summary: found.Text(it.Description),
	}
	if item.Title == "" {
		item.Title = found.Text(value(it.Extensions, "media", "title"))
	}
	for _, category := range it.Categories {
		item.Keywords = found.Append(item.Keywords, category)
	}
	item.Section = found.Text(value(it.Extensions, "prism", "section"))
	if it.DublinCoreExt != nil && len(it.DublinCoreExt.Language) > 0 {
		item.Language = found.Text(it.DublinCoreExt.Language[0])
	}
	item.Authors = authors(it)
	item.Image = image(it, base)
	item.Published, item.Modified = dates(it)
	return item
}

// itemURL returns the article's URL: the link before tracking redirects if the feed keeps
// it, the link, or the guid if it is one.
func itemURL(it *gofeed.Item, base string) string {
	if u := found.Resolve("", value(it.Extensions, "feedburner", "origLink")); u != "" {
		return u
	}
	for _, link := range append([]string{it.Link}, it.Links...) {
		if u := found.Resolve(base, link); u != "" {
			return u
		}
	}
	// A guid is a permanent link only if it is absolute: many are numbers.
	return found.Resolve("", it.GUID)
}

func authors(it *gofeed.Item) []string {
	var names []string
	for _, a := range it.Authors {
		if a.Name != "" {
			names = found.Append(names, a.Name)
		}
	}
	if it.DublinCoreExt != nil {
		for _, creator := range it.DublinCoreExt.Creator {
			if !strings.Contains(creator, "@") {
				names = found.Append(names, creator)
			}
		}
	}
	return names
}

func image(it *gofeed.Item, base string) string {
	if it.Image != nil {
		if u := found.Resolve(base, it.Image.URL); u != "" {
			return u
		}
	}
	for _, name := range []string{"thumbnail", "content"} {
		for _, e := range it.Extensions["media"][name] {
			if kind := e.Attrs["type"]; name == "content" && kind != "" && !strings.HasPrefix(kind, "image/") {
				continue
			}
			if u := found.Resolve(base, e.Attrs["url"]); u != "" {
				return u
			}
		}
	}
	return ""
}

func dates(it *gofeed.Item) (published, modified time.Time) {
	if it.PublishedParsed != nil {
		published = it.PublishedParsed.UTC()
	}
	for _, name := range []string{"issued", "created"} {
		if published.IsZero() {
			published = date(value(it.Extensions, "dcterms", name))
		}
	}
	if modified = date(value(it.Extensions, "dcterms", "modified")); !modified.IsZero() {
		return published, modified
	}
	if it.UpdatedParsed != nil {
		modified = it.UpdatedParsed.UTC()
	}
	// RSS has one dc:date, which gofeed gives twice.
	if modified.Equal(published) {
		modified = time.Time{}
	}
	return published, modified
}

// date reads the dates of Dublin Core: W3C-DTF, a profile of ISO 8601.
func date(text string) time.Time {
	text = strings.TrimSpace(text)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
