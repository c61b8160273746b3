// Package seen records the URLs that were requested recently, so that each one is
// fetched only once within the freshness window however often it is requested. It
// also records which version of a page was fetched last, for conditional requests
// (RFC 9110, section 13).
package seen

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Mark is the record of a URL.
type Mark struct {
	// Request is the id of the request that claimed the URL.
	Request string `json:"request"`
	// Input is the id of the message with the request, so that the message is
	// recognised when it is delivered again.
	Input string `json:"input"`
	// Done reports whether the request has ended.
	Done bool `json:"done,omitempty"`
	// Time is when the request was admitted.
	Time time.Time `json:"time"`
	// Version is the version of the page that was fetched last.
	Version Version `json:"version,omitzero"`

	// revision is the revision of the mark's entry in the bucket, or 0 if it has none: it is packed, or not
	// stored.
	revision uint64
}

// maxValidator is the maximum size of a validator, in bytes. Longer ones are not
// recorded.
const maxValidator = 1 << 10

// Version identifies the version of a page by its validators. The validators are kept
// as text, in which each character stands for the byte of that number (ISO 8859-1): a
// server may send any bytes, and JSON and protobuf accept only UTF-8.
type Version struct {
	// URL is the id of the URL that the page came from, after redirects.
	URL          string `json:"url,omitempty"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// VersionOf returns the validators of a response, or the zero Version if it has
// none.
func VersionOf(urlID string, header http.Header) Version {
	version := Version{ETag: text(header.Get("Etag")), LastModified: text(header.Get("Last-Modified"))}
	if version != (Version{}) {
		version.URL = urlID
	}
	return version
}

// Validators returns the validators as the server sent them.
func (v Version) Validators() (etag, lastModified string) {
	return received(v.ETag), received(v.LastModified)
}

// text returns the text that stands for a validator, or "" if the validator cannot be
// sent back.
func text(validator string) string {
	if len(validator) > maxValidator {
		return ""
	}
	characters := make([]rune, len(validator))
	for i := range len(validator) {
		if validator[i] < ' ' || validator[i] == 0x7f {
			return ""
		}
		characters[i] = rune(validator[i])
	}
	return string(characters)
}

// received returns the validator that a stored text stands for.
func received(stored string) string {
	var validator []byte
	for _, character := range stored {
		validator = append(validator, byte(character))
	}
	return string(validator)
}

// Key returns the key of a URL's mark. The marks of endpoints are apart from those of
// articles, because a page can be both.
func Key(url weburl.URL, purpose datelinev1.Purpose) string {
	if subject.IsListing(purpose) {
		return subject.PurposeName(purpose) + "." + url.ID()
	}
	return url.ID()
}

// Marks is the bucket of marks, by Key. A mark has an entry of its own while it is recent. Pack moves older ones
// into entries of many marks.
type Marks struct {
	js        jetstream.JetStream
	kv        jetstream.KeyValue
	stream    jetstream.Stream
	freshness time.Duration
	// ttl is how long a mark is kept after it was written.
	ttl time.Duration
	// editionAge is the constant, and awaitRemoval waits for removalDelay.
	editionAge   time.Duration
	awaitRemoval func(context.Context) error

	mu      sync.Mutex
	edition edition
	indexes [segments]indexed
}

// Open opens the bucket and reads the freshness window from its metadata.
func Open(ctx context.Context, js jetstream.JetStream) (*Marks, error) {
	kv, err := js.KeyValue(ctx, subject.BucketSeen)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketSeen, err)
	}
	status, err := kv.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the settings of bucket %s: %w", subject.BucketSeen, err)
	}
	freshness, err := time.ParseDuration(status.Metadata()[topology.FreshnessKey])
	if err != nil {
		return nil, fmt.Errorf("bucket %s has no freshness window: "+
			"first start a process of this version that declares the streams", subject.BucketSeen)
	}
	stream, err := js.Stream(ctx, subject.KVStream(subject.BucketSeen))
	if err != nil {
		return nil, fmt.Errorf("opening the stream of bucket %s: %w", subject.BucketSeen, err)
	}
	m := &Marks{
		js: js, kv: kv, stream: stream, freshness: freshness,
		ttl: status.TTL(), editionAge: editionAge, awaitRemoval: awaitRemoval,
	}
	return m, nil
}

// Proto returns the mark in the form that entries of the frontier carry.
func (m Mark) Proto() *datelinev1.UrlMark {
	return &datelinev1.UrlMark{
		Revision: m.revision, InputId: m.Input,
		VersionUrlId: m.Version.URL, Etag: m.Version.ETag, LastModified: m.Version.LastModified,
	}
}

// Carried returns the mark that an entry of the frontier carries, and reports
// whether there is one.
func Carried(entry *datelinev1.FrontierEntry) (Mark, bool) {
	mark := entry.GetMark()
	return Mark{
		Request: entry.GetRequest().GetRequestId(), Input: mark.GetInputId(),
		Time: entry.GetAdmitTime().AsTime(), revision: mark.GetRevision(),
		Version: Version{URL: mark.GetVersionUrlId(), ETag: mark.GetEtag(), LastModified: mark.GetLastModified()},
	}, mark.GetRevision() != 0
}

// Get returns the mark of a URL, if it has one.
func (m *Marks) Get(ctx context.Context, key string) (Mark, bool, error) {
	mark, exists, err := m.last(ctx, key)
	if err != nil || !exists {
		return Mark{}, false, err
	}
	return mark, true, nil
}

// last is like Get, but if the mark was removed, it returns a mark with the revision of the removal.
func (m *Marks) last(ctx context.Context, key string) (Mark, bool, error) {
	mark, exists, err := m.entry(ctx, key)
	if err != nil || mark.revision != 0 {
		return mark, exists, err
	}
	return m.packed(ctx, key) // after the entry, whose removal the edition precedes
}

// entry returns the mark of a URL that is not packed. If the mark was removed, it returns a mark with the revision
// of the removal.
func (m *Marks) entry(ctx context.Context, key string) (Mark, bool, error) {
	msg, err := m.get(ctx, key)
	if err != nil || msg == nil {
		return Mark{}, false, wrap("reading a mark", err)
	}
	if msg.Header.Get(operation) != "" {
		return Mark{revision: msg.Sequence}, false, nil
	}
	var mark Mark
	if err := json.Unmarshal(msg.Data, &mark); err != nil {
		mark = Mark{} // a mark that cannot be decoded counts as expired
	}
	mark.revision = msg.Sequence
	return mark, true, nil
}

// operation is the header of a message that removes a key (ADR-8 of NATS).
const operation = "KV-Operation"

// Finish records that a request has ended, and the version that it has fetched;
// the zero Version means none. known is the mark as it was read before; the zero
// Mark means that there was none. The mark stays, so that the message of the
// request is recognised when it is delivered again. If a later request has claimed
// the URL since, its mark is not changed.
func (m *Marks) Finish(
	ctx context.Context, key string, known Mark, request string, version Version, now time.Time,
) error {
	exists := true
	for attempt := 1; ; attempt++ {
		var err error
		if known.revision == 0 || attempt > 1 {
			if known, exists, err = m.last(ctx, key); err != nil {
				return err
			}
		}
		if exists && known.Request != request {
			return nil
		}
		if !exists {
			known.Request, known.Time = request, now // it has expired meanwhile
		}
		next := known
		next.Done = true
		if version != (Version{}) {
			next.Version = version
		}
		if err = m.put(ctx, key, next); err == nil || !bus.IsConflict(err) || attempt == maxAttempts {
			return wrap("marking a URL as done", err)
		}
		if err := pauseAfter(ctx, attempt); err != nil {
			return err
		}
	}
}

// put stores a mark if its entry still has the mark's revision.
func (m *Marks) put(ctx context.Context, key string, mark Mark) error {
	data, err := json.Marshal(mark)
	if err != nil {
		return fmt.Errorf("encoding a mark: %w", err)
	}
	if mark.revision == 0 {
		_, err = m.kv.Create(ctx, key, data)
	} else {
		_, err = m.kv.Update(ctx, key, data, mark.revision)
	}
	return err
}

// Forget removes the mark of a URL, so that it can be requested again at once.
func (m *Marks) Forget(ctx context.Context, key string) error {
	return wrap("removing a mark", m.kv.Delete(ctx, key))
}

func wrap(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", action, err)
}
