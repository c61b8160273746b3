package store

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
)

// cursor is the position of the last hit of a page. The next page starts after
// it.
type cursor struct {
	ByRank bool    `json:"r,omitempty"`
	Rank   float64 `json:"k,omitempty"`
	Time   int64   `json:"t,omitempty"` // seconds since 1970, only for PostgreSQL
	Row    int64   `json:"n"`
	// Position is where the database's log was when the page was read, or 0 if nobody asked.
	Position uint64 `json:"p,omitempty"`
}

// The times of articles are in the years 1 to 9999, as those of all protobuf timestamps.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// isPossible reports whether an article can have the position. A forged one may be
// outside of the range of a database's types.
func (c cursor) isPossible() bool {
	return c.Row != math.MinInt64 && c.Time >= firstSecond && c.Time <= lastSecond
}

func (c cursor) String() string {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // finite numbers always encode
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// cursor parses the query's cursor. It returns nil for the first page. The error
// is ErrQuery.
func (q Query) cursor(parsed parsedQuery) (*cursor, error) {
	if q.After == "" {
		return nil, nil
	}
	c, err := decodeCursor(q.After)
	if err != nil || !c.isPossible() || c.ByRank != parsed.isRanked(q) {
		return nil, fmt.Errorf("%w: the cursor %.40q belongs to another query; begin without one", ErrQuery, q.After)
	}
	return &c, nil
}

// WithPosition returns the Next of a page with the position that the log of the database had
// after the page was read. An empty Next stays empty.
func WithPosition(next string, position uint64) string {
	c, err := decodeCursor(next)
	if next == "" || err != nil {
		return next
	}
	c.Position = position
	return c.String()
}

// CursorPosition returns the position that WithPosition has noted in a cursor, or 0.
func CursorPosition(after string) uint64 {
	c, _ := decodeCursor(after) // the search reports a cursor that is invalid
	return c.Position
}

func decodeCursor(text string) (c cursor, err error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	return c, err
}
