package ingest

import (
	"strings"

	"github.com/dateline-news/dateline/internal/warc"
)

const (
	// maxOriginals is the maximum size of the pages that revisit records can refer to, in
	// bytes.
	maxOriginals = 16 << 20
	// originalCost is the size of what is remembered of a page besides its body, header and keys.
	originalCost = 512
)

// originals remembers the last pages of a run.
type originals struct {
	byKey map[string]content
	queue []original // the oldest first
	size  int
}

type original struct {
	keys []string
	size int
}

func newOriginals() *originals { return &originals{byKey: map[string]content{}} }

// add remembers a page, and forgets the oldest ones.
func (o *originals) add(record *warc.Record, page content) {
	keys := keysOf(record.ID(), record.Header.Get("WARC-Payload-Digest"), record.URI(), record.Header.Get("WARC-Date"))
	if len(keys) == 0 || len(page.body) > maxOriginals {
		return
	}
	cost := originalCost + len(page.body)
	for name, values := range page.header {
		cost += len(name) + len(strings.Join(values, ""))
	}
	for _, key := range keys {
		o.byKey[key] = page
		cost += len(key)
	}
	o.queue = append(o.queue, original{keys, cost})
	for o.size += cost; o.size > maxOriginals; o.queue = o.queue[1:] {
		for _, key := range o.queue[0].keys {
			delete(o.byKey, key)
		}
		o.size -= o.queue[0].size
	}
}

// find returns the page that a revisit record refers to.
func (o *originals) find(record *warc.Record) (content, bool) {
	h := record.Header
	for _, key := range keysOf(record.RefersTo(), h.Get("WARC-Payload-Digest"),
		h.Get("WARC-Refers-To-Target-URI"), h.Get("WARC-Refers-To-Date")) {
		if page, ok := o.byKey[key]; ok {
			return page, true
		}
	}
	return content{}, false
}

// keysOf returns what identifies a page.
func keysOf(id, digest, uri, date string) []string {
	var keys []string
	if id != "" {
		keys = append(keys, "id "+id)
	}
	if digest != "" {
		keys = append(keys, "digest "+digest)
	}
	if uri != "" && date != "" {
		keys = append(keys, "at "+date+" "+uri)
	}
	return keys
}
