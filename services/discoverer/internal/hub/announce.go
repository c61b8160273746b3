package hub

import (
	"strings"

	"github.com/dateline-news/dateline/internal/weburl"
)

// Announced is the hub that pushes the changes of a feed, and the topic by which it knows the feed.
// Both are empty if the feed announces no hub.
type Announced struct{ Hub, Topic string }

// Links returns the first hub and the first self that Link headers name, resolved against the
// URL of the response. A result is empty if no header names it.
func Links(base string, headers []string) (hub, self string) {
	for _, header := range headers {
		for _, link := range splitLinks(header) {
			target, parameters, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
			if !ok {
				continue
			}
			address, err := weburl.Resolve(base, target)
			if err != nil {
				continue
			}
			for _, rel := range relations(parameters) {
				switch {
				case rel == "hub" && hub == "":
					hub = address
				case rel == "self" && self == "":
					self = address
				}
			}
		}
	}
	return hub, self
}

// splitLinks returns the links of a header, which are separated by commas outside of <> and "".
func splitLinks(header string) []string {
	var links []string
	start, inTarget, quoted := 0, false, false
	for i, c := range header {
		switch {
		case c == '"' && !inTarget:
			quoted = !quoted
		case c == '<' && !quoted:
			inTarget = true
		case c == '>' && !quoted:
			inTarget = false
		case c == ',' && !inTarget && !quoted:
			links = append(links, header[start:i])
			start = i + 1
		}
	}
	return append(links, header[start:])
}

// relations returns the values of the first parameter rel, in lower case.
func relations(parameters string) []string {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(strings.TrimSpace(name), "rel") {
			return strings.Fields(strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`)))
		}
	}
	return nil
}

// Choose decides whether and where to subscribe to a feed that was fetched from a URL, by the hub
// and the topic that it names. The topic is the feed itself if what it names is on another site.
// A hub gets the secret over https, unless the feed is read over plain http anyway.
func Choose(fetched, hub, self string) Announced {
	address, err := weburl.ParseTarget(hub)
	if err != nil || hub == "" {
		return Announced{}
	}
	topic := fetched
	if _, err := weburl.Parse(self); err == nil && weburl.SameSite(self, fetched) {
		topic = self
	}
	hub = address.String()
	if plain, ok := strings.CutPrefix(hub, "http://"); ok && strings.HasPrefix(fetched, "https://") {
		hub = "https://" + plain
	}
	return Announced{Hub: hub, Topic: topic}
}
