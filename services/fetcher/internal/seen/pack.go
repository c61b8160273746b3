package seen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
)

const (
	// minEntries is the number of marks that keep an entry of their own however few are packed, and
	// entryShare the share of all marks above that: the recent ones. Entries are fast to claim and finish, but each
	// takes several hundred bytes of the server's memory. Half of them are packed at a time.
	minEntries = 50_000
	entryShare = 30
	// maxRound is the maximum number of marks that are packed at a time. They are in memory meanwhile.
	maxRound = 500_000
	// leafMarks is the number of marks in a leaf that more marks divide, and maxLeafBits the maximum number
	// of divisions: all leaves of a segment are stored in one write.
	leafMarks   = 256
	maxLeafBits = 9
	// groupMarks is the number of marks that are read and written at a time.
	groupMarks = 8_000
	// packerLease is how long a process may take for a round before another one starts its own.
	packerLease = 30 * time.Minute
	// roundPerMark is the duration of a round for each packed mark, up to maxRoundTime. The server keeps what was
	// read or written within 10 seconds in memory, so a round that takes longer needs less of it.
	roundPerMark = 100 * time.Microsecond
	maxRoundTime = 5 * time.Minute
)

// Packed is the result of a round of packing.
type Packed struct {
	// Marks is the number of marks that were packed, and Total that of all packed marks.
	Marks, Total int
	// Left is the number of marks that still have an entry of their own, without those of endpoints.
	Left int
}

// entries matches the marks that have entries of their own and may be packed.
var entries = subject.KVKey(subject.BucketSeen, "*")

// Pack packs the older half of the marks that have entries of their own, if they are too many. Only one process does
// at a time.
//
// The order of the writes makes it safe to stop at any point. First the leaves get the marks, then a new edition
// starts, and when every process uses it, the entries are removed: all up to the last one that was read, except
// those that were written since.
func (m *Marks) Pack(ctx context.Context) (Packed, error) {
	return m.pack(ctx, maxEntries)
}

// maxEntries returns how many of a number of marks may have entries of their own.
func maxEntries(total int) int { return max(minEntries, total/entryShare) }

// pack is Pack with another maxEntries.
func (m *Marks) pack(ctx context.Context, maxEntries func(total int) int) (Packed, error) {
	e, stored, err := m.count(ctx)
	if err != nil {
		return Packed{}, err
	}
	waiting := e.own(stored)
	left := maxEntries(e.Marks + waiting)
	if waiting <= left {
		return Packed{Total: e.Marks, Left: waiting}, nil
	}
	token, err := m.startPacking(ctx)
	if err != nil || token == 0 {
		return Packed{Total: e.Marks, Left: waiting}, err
	}
	r := round{Marks: m, edition: e, stored: stored, token: token, expired: time.Now().Add(-m.ttl)}
	err = errors.Join(r.run(ctx, min(waiting-left/2, maxRound)), m.endPacking(ctx, token))
	if r.all {
		waiting = r.count
	}
	return Packed{Marks: r.count, Total: r.edition.Marks, Left: waiting - r.count}, err
}

// Count returns how many marks there are, without packing any.
func (m *Marks) Count(ctx context.Context) (Packed, error) {
	e, stored, err := m.count(ctx)
	return Packed{Total: e.Marks, Left: e.own(stored)}, err
}

// count returns the edition and the number of all entries of the bucket. The server counts no others without reading
// them.
func (m *Marks) count(ctx context.Context) (e edition, stored int, err error) {
	e, err = m.refresh(ctx)
	if err != nil {
		return edition{}, 0, err
	}
	info, err := m.stream.Info(ctx)
	if err != nil {
		return edition{}, 0, wrap("counting marks", err)
	}
	return e, int(info.State.Msgs), nil
}

// next returns the first entry from a revision on that may be packed. It returns nil at the end.
func (m *Marks) next(ctx context.Context, from uint64) (*jetstream.RawStreamMsg, error) {
	msg, err := m.stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(entries))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil //nolint:nilnil // the end
	}
	return msg, wrap("reading marks", err)
}

// startPacking makes this process the only one that packs. It returns 0 if another one does.
func (m *Marks) startPacking(ctx context.Context) (token uint64, err error) {
	msg, err := m.get(ctx, keyPacker)
	if err != nil {
		return 0, wrap("starting to pack marks", err)
	}
	var revision uint64
	if msg != nil {
		if len(msg.Data) > 0 && time.Since(msg.Time) < packerLease {
			return 0, nil
		}
		revision = msg.Sequence
	}
	token, err = bus.PublishBatch(ctx, m.js, []*nats.Msg{update(keyPacker, []byte("packing"), revision)})
	if bus.IsConflict(err) {
		return 0, nil
	}
	return token, wrap("starting to pack marks", err)
}

// endPacking lets the next process pack, even if ctx has ended: a process that stops in a round would otherwise keep
// all others from packing until its lease ends.
func (m *Marks) endPacking(ctx context.Context, token uint64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	_, err := bus.PublishBatch(ctx, m.js, []*nats.Msg{update(keyPacker, nil, token)})
	if bus.IsConflict(err) {
		return nil // another process has taken over
	}
	return wrap("ending to pack marks", err)
}

// round is a round of packing.
type round struct {
	*Marks
	edition edition
	stored  int // entries of the bucket before the round
	// token is the revision of keyPacker. If another process starts a round, nothing of this one is stored any more.
	token   uint64
	expired time.Time
	count   int  // marks to pack
	all     bool // no other marks may be packed
	total   int  // packed marks
	before  int  // entries of packed marks before the round
	entries int  // entries of packed marks after the round
	indexes []*nats.Msg
	added   [segments][]record
	old     []int // numbers of bits of leaves that were replaced
}

// run packs the first n marks.
func (r *round) run(ctx context.Context, n int) error {
	// This purges nothing. It fails if the NATS user may not purge.
	if err := r.purge(ctx, entries, 1, probeTimeout); err != nil {
		return fmt.Errorf("%w; check that this NATS user has the permissions in deploy/nats/accounts.conf", err)
	}
	last, err := r.collect(ctx, n)
	if err != nil {
		return err
	}
	bits := leafBits(r.edition.Marks + r.count)
	perGroup := max(1, groupMarks*segments/(r.edition.Marks+r.count+1))
	start, duration := time.Now(), min(maxRoundTime, roundPerMark*time.Duration(r.edition.Marks))
	for first := 0; first < segments; first += perGroup {
		end := min(first+perGroup, segments)
		if err := r.writeGroup(ctx, first, end, bits); err != nil {
			return err
		}
		if !loop.Sleep(ctx, time.Until(start.Add(duration*time.Duration(end)/segments))) {
			return ctx.Err()
		}
	}
	return r.finish(ctx, last)
}

// finish starts the edition, and then removes what is no longer needed: all entries up to the last one that was read.
func (r *round) finish(ctx context.Context, last uint64) error {
	if err := r.publish(ctx); err != nil {
		return err
	}
	if err := r.awaitRemoval(ctx); err != nil {
		return err
	}
	for _, bits := range r.old {
		leaves := subject.KVKey(subject.BucketSeen, fmt.Sprintf("%sleaf.*.%d.*", keyPrefix, bits))
		if err := r.purge(ctx, leaves, 0, purgeTimeout); err != nil {
			return err
		}
	}
	return r.purge(ctx, entries, last+1, purgeTimeout)
}

// leafBits returns the number of divisions of a segment for a total number of marks.
func leafBits(marks int) int {
	bits := 0
	for bits < maxLeafBits && marks/segments>>bits > leafMarks {
		bits++
	}
	return bits
}

// collect reads the first n marks, and returns the revision of the last one. It reads one after another: for several at
// once, the server would also count how many follow, for which it loads all blocks of the stream. A mark that changes
// meanwhile may be read again.
func (r *round) collect(ctx context.Context, n int) (last uint64, err error) {
	for r.count < n {
		msg, err := r.next(ctx, last+1)
		if err != nil {
			return 0, err
		}
		if msg == nil {
			r.all = true
			break
		}
		last = msg.Sequence
		key := strings.TrimPrefix(msg.Subject, subject.KVKey(subject.BucketSeen, ""))
		segment := hashOf(key).segment()
		r.added[segment] = append(r.added[segment], recordOf(key, msg))
		r.count++
	}
	r.count = 0
	for i, records := range r.added {
		r.added[i] = newest(records)
		r.count += len(r.added[i])
	}
	return last, nil
}

// recordOf returns the record of an entry.
func recordOf(key string, msg *jetstream.RawStreamMsg) record {
	var mark Mark
	if msg.Header.Get(operation) != "" || json.Unmarshal(msg.Data, &mark) != nil {
		return removal(key) // a mark that cannot be decoded counts as expired
	}
	return pack(key, mark, msg.Time)
}

// writeGroup adds the marks to the leaves of the segments from first up to end, and replaces leaves of another size.
func (r *round) writeGroup(ctx context.Context, first, end, bits int) error {
	states := make([]segmentState, end-first)
	errs := make([]error, end-first)
	inParallel(end-first, func(i int) { states[i], errs[i] = r.readSegment(ctx, first+i) })
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var msgs []*nats.Msg
	size := 0
	flush := func() error {
		if len(msgs) == 0 {
			return nil
		}
		_, err := bus.PublishBatch(ctx, r.js, append(msgs, r.check()))
		msgs, size = nil, 0
		return wrap("storing packed marks", err)
	}
	for i, state := range states {
		r.before += len(state.leaves) + min(1, int(state.revision))
		added := r.added[first+i]
		r.added[first+i] = nil
		if len(added) == 0 && (state.bits == bits || state.revision == 0) {
			r.total += len(state.records)
			if state.revision != 0 {
				r.entries += 1 + 1<<bits
			}
			continue
		}
		if state.bits >= 0 && state.bits != bits && !slices.Contains(r.old, state.bits) {
			r.old = append(r.old, state.bits)
		}
		all := merge(state.records, added, r.expired)
		r.total += len(all)
		r.entries += 1 + 1<<bits
		next := segmentLeaves(first+i, bits, all, state)
		r.indexes = append(r.indexes, update(indexKey(first+i), appendIndex(all, bits), state.revision))
		if len(msgs)+len(next) >= bus.MaxBatch || size > maxGroupBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		for _, msg := range next {
			size += len(msg.Data)
		}
		msgs = append(msgs, next...)
	}
	return flush()
}

// maxGroupBytes is about how many bytes are stored in one write.
const maxGroupBytes = 1 << 20

// segmentState is the content of a segment.
type segmentState struct {
	bits     int    // or unknownBits
	revision uint64 // of the index; 0 without an index
	records  []record
	leaves   map[int]uint64 // revisions by number
}

// unknownBits stands for the bits of a segment that has no index, or one that cannot be decoded.
const unknownBits = -1

// readSegment reads all marks of a segment.
func (r *round) readSegment(ctx context.Context, segment int) (segmentState, error) {
	state := segmentState{bits: unknownBits, leaves: map[int]uint64{}}
	msg, err := r.get(ctx, indexKey(segment))
	if err != nil || msg == nil {
		return state, wrap("reading the index of packed marks", err)
	}
	state.revision = msg.Sequence
	x, err := parseIndex(msg.Data)
	if err != nil {
		return state, nil //nolint:nilerr // marks that cannot be decoded count as expired
	}
	state.bits = x.bits
	for leaf := range 1 << x.bits {
		msg, err := r.get(ctx, leafKey(segment, x.bits, leaf))
		if err != nil {
			return state, wrap("reading packed marks", err)
		}
		if msg == nil {
			continue
		}
		state.leaves[leaf] = msg.Sequence
		read, err := records(state.records, msg.Data)
		if err == nil {
			state.records = read // marks that cannot be decoded count as expired
		}
	}
	return state, nil
}

// segmentLeaves returns the messages that replace the leaves of a segment.
func segmentLeaves(segment, bits int, all []record, state segmentState) (msgs []*nats.Msg) {
	rest := all
	for leaf := range 1 << bits {
		n := 0
		for n < len(rest) && leafOf(printOf(rest[n].hash()), bits) == leaf {
			n++
		}
		msg := message(leafKey(segment, bits, leaf), appendLeaf(rest[:n]))
		if bits == state.bits {
			msg = update(leafKey(segment, bits, leaf), appendLeaf(rest[:n]), state.leaves[leaf])
		}
		msgs, rest = append(msgs, msg), rest[n:]
	}
	return msgs
}

// ownEntries are the entries with keyEdition, keyPacker and keyCheck.
const ownEntries = 3

// writeIndexes stores the indexes of the segments that were written. They are apart from the leaves, because the server
// loads whole blocks, and every process reads all indexes after a round.
func (r *round) writeIndexes(ctx context.Context) error {
	perWrite := max(1, maxGroupBytes*segments/(4*r.total+1))
	for msgs := range slices.Chunk(r.indexes, min(perWrite, bus.MaxBatch-1)) {
		if _, err := bus.PublishBatch(ctx, r.js, append(slices.Clone(msgs), r.check())); err != nil {
			return wrap("storing indexes of packed marks", err)
		}
	}
	return nil
}

// publish stores the indexes and starts the next edition.
func (r *round) publish(ctx context.Context) error {
	if err := r.writeIndexes(ctx); err != nil {
		return err
	}
	next := edition{
		Number: r.edition.Number + 1, Marks: r.total, Entries: r.entries + ownEntries, Others: r.edition.Others,
	}
	if r.all {
		next.Others = max(0, r.stored-r.count-r.before-ownEntries)
	}
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encoding the edition of packed marks: %w", err)
	}
	msgs := []*nats.Msg{update(keyEdition, data, r.edition.revision), r.check()}
	if _, err := bus.PublishBatch(ctx, r.js, msgs); err != nil {
		return wrap("starting an edition of packed marks", err)
	}
	r.edition, err = r.refresh(ctx)
	return err
}

// check returns a message that is stored only if no other process has started a round.
func (r *round) check() *nats.Msg {
	msg := message(keyCheck, nil)
	msg.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(r.token, 10))
	msg.Header.Set(jetstream.ExpectedLastSubjSeqSubjHeader, subject.KVKey(subject.BucketSeen, keyPacker))
	return msg
}

// awaitRemoval waits until no process uses an earlier edition any more.
func awaitRemoval(ctx context.Context) error {
	loop.Sleep(ctx, removalDelay)
	return ctx.Err()
}

// purge removes the entries that match a filter, before a sequence unless that is 0.
func (r *round) purge(ctx context.Context, filter string, before uint64, timeout time.Duration) error {
	options := []jetstream.StreamPurgeOpt{jetstream.WithPurgeSubject(filter)}
	if before > 0 {
		options = append(options, jetstream.WithPurgeSequence(before))
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return wrap("removing the entries of packed marks", r.stream.Purge(ctx, options...))
}

const (
	// purgeTimeout bounds the removal of entries. probeTimeout bounds the check that entries may be removed, and the
	// end of a round.
	purgeTimeout = 5 * time.Minute
	probeTimeout = 10 * time.Second
)
