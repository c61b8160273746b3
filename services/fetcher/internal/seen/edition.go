package seen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// The keys of packed marks. The key of a mark is the id of a URL, possibly after the name of a purpose, so that
// none of these can be one.
const (
	keyPrefix = "packed."
	// keyEdition is the key of the edition.
	keyEdition = keyPrefix + "edition"
	// keyPacker is the key of the entry of the process that packs.
	keyPacker = keyPrefix + "packer"
	// keyCheck is the key of messages that are stored only for the condition in their header.
	keyCheck = keyPrefix + "check"
)

func indexKey(segment int) string { return fmt.Sprintf("%sindex.%03x", keyPrefix, segment) }

func leafKey(segment, bits, leaf int) string {
	return fmt.Sprintf("%sleaf.%03x.%d.%d", keyPrefix, segment, bits, leaf)
}

// An edition is the state of all packed marks after a round of packing. The entries of marks that were packed are
// removed some time after their edition has started. Until then, a process may not know it.
type edition struct {
	Number uint64 `json:"number"`
	// Marks is the number of packed marks.
	Marks int `json:"marks"`
	// Entries is the number of entries of packed marks, and Others that of entries which are never packed.
	Entries int `json:"entries"`
	Others  int `json:"others"`

	// revision is that of the edition, or 0 if nothing was packed.
	revision uint64
	// read is when this process last read the edition, and since is when it first did.
	read, since time.Time
}

// settled returns the time from which every replica of the stream has the indexes of the edition. A process first
// reads an edition at most editionAge after it has started, so the entries of packed marks are removed later than that.
func (e edition) settled() time.Time { return e.since.Add(lagTime) }

// own returns how many of a number of entries are about those of a single mark each.
func (e edition) own(stored int) int { return max(0, stored-e.Entries-e.Others) }

const (
	// removalDelay is the time from the start of an edition until the entries of packed marks are removed.
	removalDelay = time.Minute
	// editionAge is the maximum time for which a process uses an edition. A mark that has no entry, and is not
	// packed in an edition of this age, does not exist. The rest of the delay is for storing a mark, and for a
	// replica of the stream that lags behind.
	editionAge = removalDelay / 2
	// lagTime is the maximum time for which a replica of the stream may lag behind another one.
	lagTime = (removalDelay - editionAge) / 2
)

// message returns a message that sets a key.
func message(key string, data []byte) *nats.Msg {
	msg := nats.NewMsg(subject.KVKey(subject.BucketSeen, key))
	msg.Data = data
	return msg
}

// update returns a message that sets a key if it has a revision.
func update(key string, data []byte, revision uint64) *nats.Msg {
	msg := message(key, data)
	msg.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(revision, 10))
	return msg
}

// get returns the last message of a key, or nil if it has none.
func (m *Marks) get(ctx context.Context, key string) (*jetstream.RawStreamMsg, error) {
	msg, err := m.stream.GetLastMsgForSubject(ctx, subject.KVKey(subject.BucketSeen, key))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil //nolint:nilnil // it has none
	}
	return msg, err
}

// current returns the edition, as read at most editionAge ago.
func (m *Marks) current(ctx context.Context) (edition, error) {
	m.mu.Lock()
	known := m.edition
	m.mu.Unlock()
	if time.Since(known.read) < m.editionAge {
		return known, nil
	}
	return m.refresh(ctx)
}

// refresh reads the edition.
func (m *Marks) refresh(ctx context.Context) (edition, error) {
	start := time.Now()
	msg, err := m.get(ctx, keyEdition)
	if err != nil {
		return edition{}, wrap("reading the edition of packed marks", err)
	}
	var next edition
	if msg != nil {
		if err := json.Unmarshal(msg.Data, &next); err != nil {
			return edition{}, wrap("decoding the edition of packed marks", err)
		}
		next.revision = msg.Sequence
	}
	next.read = start
	m.mu.Lock()
	defer m.mu.Unlock()
	if next.since = start; next.revision == m.edition.revision {
		next.since = m.edition.since
	}
	m.edition = next
	return next, nil
}

// indexed is the index of a segment, as read in an edition.
type indexed struct {
	index
	edition uint64    // the revision of the edition, or 0 if it was not read
	read    time.Time // when it was read
}

// serves reports whether an index can be used for an edition. An index that was read before the edition settled may
// come from a replica of the stream that lags behind, so it is used only until then.
func (i indexed) serves(e edition) bool {
	return i.edition == e.revision && (i.read.After(e.settled()) || time.Now().Before(e.settled()))
}

// index returns the index of a segment in an edition, or in a later one.
func (m *Marks) index(ctx context.Context, e edition, segment int) (index, error) {
	m.mu.Lock()
	known := m.indexes[segment]
	m.mu.Unlock()
	if known.serves(e) {
		return known.index, nil
	}
	start := time.Now()
	msg, err := m.get(ctx, indexKey(segment))
	if err != nil {
		return index{}, wrap("reading the index of packed marks", err)
	}
	var read index
	if msg != nil {
		if read, err = parseIndex(msg.Data); err != nil {
			return index{}, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.indexes[segment] = indexed{read, e.revision, start}
	return read, nil
}

// packed returns the packed mark of a key that has no entry, if it has one.
func (m *Marks) packed(ctx context.Context, key string) (Mark, bool, error) {
	if !packable(key) {
		return Mark{}, false, nil
	}
	e, err := m.current(ctx)
	if err != nil || e.revision == 0 {
		return Mark{}, false, err
	}
	data, err := m.leaf(ctx, e, hashOf(key))
	if errors.Is(err, errMoved) {
		var next edition
		if next, err = m.refresh(ctx); err == nil && next.revision != e.revision {
			data, err = m.leaf(ctx, next, hashOf(key))
		}
	}
	if err != nil && !errors.Is(err, errMoved) {
		return Mark{}, false, err
	}
	r, found, err := find(data, key)
	if err != nil || !found || r.written().Before(time.Now().Add(-m.ttl)) {
		return Mark{}, false, nil //nolint:nilerr // a mark that cannot be decoded counts as expired
	}
	mark, err := unpack(key, r)
	return mark, err == nil, nil
}

// errMoved means that a leaf does not exist: it has expired, or was replaced in a later edition.
var errMoved = errors.New("a leaf of packed marks does not exist")

// leaf returns the leaf that may have the mark with a hash, or an empty one if the index shows that none has.
func (m *Marks) leaf(ctx context.Context, e edition, h hash) ([]byte, error) {
	x, err := m.index(ctx, e, h.segment())
	if err != nil {
		return nil, err
	}
	leaf, found := x.leaf(h)
	if !found {
		return []byte{leafFormat}, nil
	}
	msg, err := m.get(ctx, leafKey(h.segment(), x.bits, leaf))
	if err != nil {
		return nil, wrap("reading packed marks", err)
	}
	if msg == nil {
		return nil, errMoved
	}
	return msg.Data, nil
}
