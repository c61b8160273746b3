package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/cmd/dateline/internal/repair"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// storedCheck is a check that compares what is stored with the streams.
type storedCheck struct {
	name    string
	examine func(context.Context, jetstream.JetStream, store.Store, *report) error
}

func (t Target) storedChecks() []storedCheck {
	return []storedCheck{
		{"ledger", examineLedger}, {"progress", examineProgress}, {"archive", examineArchive},
		{"subscriptions", examineSubscriptions}, {"growth", t.examineGrowth},
		{"copies", examineCopies},
	}
}

// withoutStreams skips the checks that need the streams, and others.
func (t Target) withoutStreams(r *report, why string, others ...string) {
	r.skipAll(why, others...)
	for _, check := range t.storedChecks() {
		r.skip(check.name, "%s", why)
	}
}

// examineStored compares what is stored with the streams.
func examineStored(ctx context.Context, js jetstream.JetStream, t Target, r *report) {
	s, err := openCurrent(ctx, t)
	if err == nil {
		defer func() { _ = s.Close() }() // nothing was written
	}
	for _, check := range t.storedChecks() {
		failure := err
		if failure == nil {
			failure = check.examine(ctx, js, s, r)
		}
		switch {
		case failure == nil:
		case errors.Is(failure, errNotCurrent):
			r.skip(check.name, "%v", failure)
		case errors.Is(failure, store.ErrDamaged):
			r.problem(check.name, damagedAdvice, "the store cannot be read: %v", failure)
		case ctx.Err() != nil:
			r.skip(check.name, "comparing the streams with the store takes longer than %s: "+
				"set --timeout, or run \"dateline repair\"", t.Timeout)
		default:
			r.skip(check.name, "the streams cannot be compared with the store: %v", failure)
		}
	}
}

// errNotCurrent means that the store cannot be opened without changing it.
var errNotCurrent = errors.New("needs a store of this version")

// openCurrent opens a store whose tables have this program's version. Opening an older
// store would migrate its tables, and the doctor must change nothing.
func openCurrent(ctx context.Context, t Target) (store.Store, error) {
	if t.StoreURL == "" {
		return nil, errNotCurrent
	}
	found, err := store.Inspect(ctx, t.StoreURL)
	if err != nil {
		return nil, err
	}
	if found.Version != found.Newest {
		return nil, errNotCurrent
	}
	return store.Open(ctx, t.StoreURL)
}

// examineLedger looks for inputs that neither wait nor have an outcome.
func examineLedger(ctx context.Context, js jetstream.JetStream, s store.Store, r *report) error {
	const check = "ledger"
	lost, err := repair.Find(ctx, js, s, time.Now().Add(-indexer.AuditReach))
	if err != nil {
		return err
	}
	if len(lost) == 0 {
		r.ok(check, "every input waits or has an outcome")
		return nil
	}
	r.problem(check, "list them with \"dateline repair\", and publish them again with --yes",
		"%d inputs are lost (%s): they neither wait nor have an outcome", len(lost), countByStage(lost))
	return nil
}

// examineProgress looks for messages that are acked and that the store does not have.
func examineProgress(ctx context.Context, js jetstream.JetStream, s store.Store, r *report) error {
	const check = "progress"
	states, err := progress.Compare(ctx, js, s)
	if err != nil {
		return err
	}
	for _, state := range states {
		if len(state.Missing) > 0 {
			r.problem(check, "store what is still on the stream with \"dateline repair --yes\"",
				"the store is older than the streams: it lacks %d messages of %s that were acked, of which the stream "+
					"has removed %d", state.Messages(), state.Stream, state.Removed())
		}
	}
	if r.isFine(check) {
		r.ok(check, "the store has every message that was acked")
	}
	return nil
}

func countByStage(lost []repair.Lost) string {
	counts := map[string]int{}
	var names []string
	for _, l := range lost {
		name := subject.StageName(l.Stage)
		if counts[name]++; counts[name] == 1 {
			names = append(names, name)
		}
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%d of %s", counts[name], name)
	}
	return strings.Join(names, ", ")
}
