// Package versions remembers which version of each page was fetched last, so that
// a server can say that it has no other (RFC 9110, section 13).
package versions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/topology"
)

// maxValidator bounds a validator in bytes; longer ones are not remembered.
const maxValidator = 1 << 10

// Version is the validators of a page, as the server sent them.
type Version struct {
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// Of reads the validators of an answer; zero where it has none.
func Of(header http.Header) Version {
	return Version{ETag: usable(header.Get("Etag")), LastModified: usable(header.Get("Last-Modified"))}
}

// usable is a validator that can be sent back.
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

// Versions is the bucket of versions, by the ids of canonical URLs.
type Versions struct{ kv jetstream.KeyValue }

// Open opens the bucket.
func Open(ctx context.Context, js jetstream.JetStream) (*Versions, error) {
	kv, err := js.KeyValue(ctx, topology.BucketVersions)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", topology.BucketVersions, err)
	}
	return &Versions{kv}, nil
}

// Get returns the version of a URL, zero where none is known.
func (v *Versions) Get(ctx context.Context, urlID string) (Version, error) {
	entry, err := v.kv.Get(ctx, urlID)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, fmt.Errorf("reading the version of a page: %w", err)
	}
	var version Version
	if err := json.Unmarshal(entry.Value(), &version); err != nil {
		return Version{}, nil // unreadable: as if unknown
	}
	return version, nil
}

// Put remembers the version of a URL.
func (v *Versions) Put(ctx context.Context, urlID string, version Version) error {
	data, err := json.Marshal(version)
	if err != nil {
		return fmt.Errorf("encoding the version of a page: %w", err)
	}
	if _, err := v.kv.Put(ctx, urlID, data); err != nil {
		return fmt.Errorf("storing the version of a page: %w", err)
	}
	return nil
}
