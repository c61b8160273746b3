package ledger

import (
	"crypto/sha256"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Key identifies an input in every stage after intake: by its request and URL, because
// a request may have several URLs.
type Key [16]byte

// KeyOf returns the key of the input that an outcome is about.
func KeyOf(o *datelinev1.Outcome) Key { return newKey(o.GetRequestId(), o.GetUrl()) }

// KeyOfEntry returns the key of an entry of the frontier: that of its outcomes.
func KeyOfEntry(entry *datelinev1.FrontierEntry) Key {
	requested := entry.GetRequest().GetUrl()
	if url, err := weburl.Parse(requested); err == nil {
		requested = url.String()
	}
	return newKey(Cut(entry.GetRequest().GetRequestId()), Cut(requested))
}

func newKey(requestID, url string) Key {
	sum := sha256.Sum256([]byte(requestID + "\x00" + url))
	return Key(sum[:])
}
