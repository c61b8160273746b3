package sink

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/forms"
)

// Index has the settings and the mapping of a new index.
//
//go:embed index.json
var Index []byte

// document is an article as in the HTTP API.
type document struct {
	ID        string     `json:"id"`
	Time      time.Time  `json:"time,omitzero"` // zero from servers of older versions
	FirstSeen time.Time  `json:"first_seen"`
	LastSeen  time.Time  `json:"last_seen"`
	Revisions int        `json:"revisions"`
	Story     string     `json:"story,omitempty"`
	Record    api.Record `json:"record"`
	// Truncated reports whether the text was cut.
	Truncated bool `json:"truncated,omitempty"`
	// Generation is that of the load, or of the cursor when the document was put.
	Generation int64 `json:"generation"`
}

func encode(hit store.Hit, generation int64) ([]byte, error) {
	article, cut := forms.Shorten(hit.Article)
	data, err := json.Marshal(document{
		ID: hit.ID, Time: hit.Time, FirstSeen: hit.FirstSeen, LastSeen: hit.LastSeen, Revisions: hit.Revisions,
		Story: hit.Story, Record: api.Record{Article: article}, Truncated: cut, Generation: generation,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding article %s: %w", hit.ID, err)
	}
	return data, nil
}

// revisionBits are the bits of a version that have the number of the revision. The others have the generation, which
// is a Unix time.
const revisionBits = 30

// version returns the version of an article's document. It is higher for a later revision, and in a later generation.
func version(generation int64, revisions int) int64 {
	return generation<<revisionBits | min(int64(revisions), 1<<revisionBits-2)
}

// deletion returns a version above those of all revisions in a generation.
func deletion(generation int64) int64 { return generation<<revisionBits | (1<<revisionBits - 1) }
