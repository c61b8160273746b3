// Package seen remembers what became of each URL: who asked for it, so that it is
// fetched once within the freshness window however often it is asked for, and
// which version of its page was fetched last, so that a server can say that it has
// no other (RFC 9110, section 13).
package seen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Mark is what is remembered of a URL.
type Mark struct {
	// Request is the id of the request that has the URL.
	Request string `json:"request"`
	// Input is the message that brought the request, so that the same message
	// is recognised when it is delivered again.
	Input string `json:"input"`
	// Done says that the request has ended.
	Done bool `json:"done,omitempty"`
	// Time is when the request was admitted.
	Time time.Time `json:"time"`
	// Version is that of the page that was fetched last.
	Version Version `json:"version,omitzero"`

	// revision is the mark's in the bucket, 0 for one that is not there.
	revision uint64
}

// maxValidator bounds a validator in bytes; longer ones are not remembered.
const maxValidator = 1 << 10

// Version is the validators of a page, as the server sent them.
type Version struct {
	// URL is the id of the URL that the page came from, after redirects.
	URL          string `json:"url,omitempty"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// VersionOf reads the validators of an answer; zero where it has none.
func VersionOf(urlID string, header http.Header) Version {
	version := Version{ETag: usable(header.Get("Etag")), LastModified: usable(header.Get("Last-Modified"))}
	if version != (Version{}) {
		version.URL = urlID
	}
	return version
}

// usable is a validator that can be sent back, else "".
func usable(validator string) string {
	if len(validator) > maxValidator {
		return ""
	}
	for i := range len(validator) {
		if validator[i] < ' ' || validator[i] > '~' {
			return ""
		}
	}
	return validator
}

// Marks is the bucket of marks, by the ids of canonical URLs.
type Marks struct {
	kv        jetstream.KeyValue
	freshness time.Duration
}

// Open opens the bucket, which says how long a URL counts as seen.
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
		return nil, fmt.Errorf("bucket %s does not say how long a URL counts as seen: start a process of this version that declares the streams first", subject.BucketSeen)
	}
	return &Marks{kv, freshness}, nil
}

// Claim marks a URL for a request and returns the mark as it is stored, unless
// another has it within the window: then that one's mark is returned, and claimed
// is false. A claim by the same message succeeds again, with the mark as it is.
// With force the mark is written over whatever is there.
func (m *Marks) Claim(ctx context.Context, urlID string, mark Mark, force bool) (stored Mark, claimed bool, err error) {
	for {
		data, err := json.Marshal(mark)
		if err != nil {
			return Mark{}, false, fmt.Errorf("encoding a mark: %w", err)
		}
		revision := uint64(0)
		if mark.revision == 0 {
			revision, err = m.kv.Create(ctx, urlID, data)
		} else {
			revision, err = m.kv.Update(ctx, urlID, data, mark.revision)
		}
		if err == nil || !bus.IsConflict(err) {
			mark.revision = revision
			return mark, err == nil, wrap("claiming a URL", err)
		}
		other, ok, err := m.Get(ctx, urlID)
		mark.revision, mark.Version = other.revision, other.Version
		switch {
		case err != nil:
			return Mark{}, false, err
		case !ok:
			// It was removed just now.
		case other.Input == mark.Input:
			return other, true, nil
		case mark.Time.Sub(other.Time) >= m.freshness:
			// It has run out.
		case !force || other.Request == mark.Request:
			return other, false, nil
		}
	}
}

// Proto is a mark as an entry of the frontier carries it.
func (m Mark) Proto() *datelinev1.UrlMark {
	return &datelinev1.UrlMark{
		Revision: m.revision, InputId: m.Input,
		VersionUrlId: m.Version.URL, Etag: m.Version.ETag, LastModified: m.Version.LastModified,
	}
}

// Carried is the mark that an entry of the frontier carries; false where it
// carries none.
func Carried(entry *datelinev1.FrontierEntry) (Mark, bool) {
	mark := entry.GetMark()
	return Mark{
		Request: entry.GetRequest().GetRequestId(), Input: mark.GetInputId(), Time: entry.GetAdmitTime().AsTime(), revision: mark.GetRevision(),
		Version: Version{URL: mark.GetVersionUrlId(), ETag: mark.GetEtag(), LastModified: mark.GetLastModified()},
	}, mark.GetRevision() != 0
}

// Get returns the mark of a URL, if it has one.
func (m *Marks) Get(ctx context.Context, urlID string) (Mark, bool, error) {
	entry, err := m.kv.Get(ctx, urlID)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Mark{}, false, nil
	}
	if err != nil {
		return Mark{}, false, wrap("reading a mark", err)
	}
	var mark Mark
	if err := json.Unmarshal(entry.Value(), &mark); err != nil {
		mark = Mark{} // unreadable: as if from long ago
	}
	mark.revision = entry.Revision()
	return mark, true, nil
}

// Finish notes that a request has ended, and which version it has fetched, zero
// for none. Known is the mark as it was read before, zero where there was none.
// What is known of a request stays, so that its message is recognised when it is
// delivered again; the mark of a later request for the same URL is left as it is.
func (m *Marks) Finish(ctx context.Context, urlID string, known Mark, request string, version Version, now time.Time) error {
	for {
		if known.revision != 0 && known.Request != request {
			return nil
		}
		if known.revision == 0 {
			known.Request, known.Time = request, now // it ran out meanwhile
		}
		next := known
		next.Done = true
		if version != (Version{}) {
			next.Version = version
		}
		data, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("encoding a mark: %w", err)
		}
		if known.revision == 0 {
			_, err = m.kv.Create(ctx, urlID, data)
		} else {
			_, err = m.kv.Update(ctx, urlID, data, known.revision)
		}
		if err == nil || !bus.IsConflict(err) {
			return wrap("marking a URL as done", err)
		}
		if known, _, err = m.Get(ctx, urlID); err != nil {
			return err
		}
	}
}

// Forget lets a URL be asked for again at once, after it failed.
func (m *Marks) Forget(ctx context.Context, urlID string) error {
	return wrap("removing a mark", m.kv.Delete(ctx, urlID))
}

func wrap(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", action, err)
}
