package frontier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

// conflictCodes are the error codes for a key that does not have the expected
// revision: the code of a single server, and the code of a replicated stream.
var conflictCodes = []jetstream.ErrorCode{
	jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant,
}

// conflicting is a bucket in which another writer is always faster.
type conflicting struct {
	jetstream.KeyValue
	code jetstream.ErrorCode
}

func (c conflicting) conflict() error { return &jetstream.APIError{ErrorCode: c.code, Code: 400} }

func (c conflicting) Create(context.Context, string, []byte, ...jetstream.KVCreateOpt) (uint64, error) {
	return 0, c.conflict()
}

func (c conflicting) Update(context.Context, string, []byte, uint64) (uint64, error) {
	return 0, c.conflict()
}

func (c conflicting) Delete(context.Context, string, ...jetstream.KVDeleteOpt) error {
	return c.conflict()
}

// TestLeaseConflict loses every race for a lease: the partition is not held
// afterwards, and the round of leases goes on.
func TestLeaseConflict(t *testing.T) {
	const partition = 3
	ctx, now := t.Context(), time.Now()
	for _, code := range conflictCodes {
		for name, test := range map[string]struct {
			held bool // before
			do   func(l *leases) error
		}{
			"take":      {false, func(l *leases) error { return l.take(ctx, partition, lease{renewed: now}) }},
			"take over": {false, func(l *leases) error { return l.takeOver(ctx, partition, 7, lease{renewed: now}) }},
			"renew":     {true, func(l *leases) error { return l.renew(ctx, partition, now) }},
			"release":   {true, func(l *leases) error { return l.release(ctx, partition) }},
		} {
			t.Run(fmt.Sprintf("%s, code %d", name, code), func(t *testing.T) {
				l := &leases{
					kv: conflicting{code: code}, replica: "a", log: slog.New(slog.DiscardHandler),
					now: time.Now, ttl: time.Minute, lifetime: time.Minute, held: map[int]lease{},
					own: session{revision: 1, beat: now},
				}
				if test.held {
					l.hold(partition, lease{revision: 5, renewed: now.Add(-30 * time.Second)})
				}
				if err := test.do(l); err != nil {
					t.Errorf("a conflict is returned as an error: %v", err)
				}
				if l.valid(partition) {
					t.Error("the partition is held after another replica won it")
				}
			})
		}
	}
}

// TestUseOfALease checks that requests are made only after the quiet interval, and only
// for two thirds of the lifetimes of the lease and of the session.
func TestUseOfALease(t *testing.T) {
	const ttl, lifetime, quiet = 30 * time.Second, 6 * time.Second, time.Second
	start := time.Date(2026, time.March, 1, 6, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		lease, session time.Duration // since the last renewal
		taken          time.Duration // since the partition was taken
		want           bool
	}{
		"just renewed":                 {0, 0, time.Minute, true},
		"lease near two thirds":        {ttl*2/3 - 1, 0, time.Minute, true},
		"lease at two thirds":          {ttl * 2 / 3, 0, time.Minute, false},
		"session near two thirds":      {0, lifetime*2/3 - 1, time.Minute, true},
		"session at two thirds":        {0, lifetime * 2 / 3, time.Minute, false},
		"in the quiet interval":        {0, 0, quiet - 1, false},
		"at the end of the quiet time": {0, 0, quiet, true},
	} {
		l := &leases{
			now: func() time.Time { return start }, ttl: ttl, lifetime: lifetime,
			own: session{revision: 1, beat: start.Add(-test.session)},
			held: map[int]lease{
				3: {revision: 5, renewed: start.Add(-test.lease), taken: start.Add(-test.taken), pause: quiet},
			},
		}
		if got := l.valid(3); got != test.want {
			t.Errorf("%s: valid is %t, want %t", name, got, test.want)
		}
		if l.valid(4) {
			t.Errorf("%s: a partition that is not held is valid", name)
		}
	}
}

// TestGuardOfALostPartition has a request in progress while its partition is lost and taken again. It is aborted.
func TestGuardOfALostPartition(t *testing.T) {
	const partition = 3
	now := time.Now()
	l := &leases{
		now: func() time.Time { return now }, ttl: time.Second, lifetime: time.Millisecond,
		own: session{revision: 1, beat: now}, held: map[int]lease{partition: {renewed: now, taken: now}},
	}
	request, stop := l.guard(natstest.Context(t), partition, now)
	defer stop()
	if request.Err() != nil {
		t.Fatal("the request is aborted at once")
	}
	l.mu.Lock()
	l.held[partition] = lease{renewed: now, taken: now.Add(time.Minute)}
	l.mu.Unlock()
	<-request.Done()
	if cause := context.Cause(request); !errors.Is(cause, errLost) {
		t.Errorf("the request ends because of %v, want %v", cause, errLost)
	}
}

func TestPreferredSpreadsAndMovesLittle(t *testing.T) {
	three, two := []string{"a", "b", "c"}, []string{"a", "b"}
	shares := map[string]int{}
	for p := range subject.Partitions {
		owner := preferred(three, p)
		shares[owner]++
		if after := preferred(two, p); owner != "c" && after != owner {
			t.Errorf("partition %d moves from %s to %s although both stay", p, owner, after)
		}
	}
	for name, n := range shares {
		if n < 8 {
			t.Errorf("replica %s has only %d of %d partitions", name, n, subject.Partitions)
		}
	}
	if len(shares) != 3 {
		t.Errorf("shares: %v", shares)
	}
}
