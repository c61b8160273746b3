// Package repair finds the inputs that the pipeline has lost, and publishes them again.
//
// An input is lost if a stage has produced it, the next stage has no outcome for it,
// and it does not wait on a stream. The streams and the ledger are read one after the
// other while the pipeline works, in an order that excludes mistakes: first the inputs
// without an outcome, then every place where they may wait, in the order in which the
// pipeline moves them, and then the outcomes since. An input is published to its next
// place, or its outcome is recorded, before it leaves its present place. So it is seen
// in one of them, unless it is lost.
package repair

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// MaxLost is the maximum number of lost inputs that one call of Find returns.
const MaxLost = 100_000

// Lost is an input that is lost.
type Lost struct {
	// Stage is the stage that has no outcome for the input.
	Stage datelinev1.Stage
	// Last is the outcome of the stage before, which produced the input.
	Last *datelinev1.Outcome
}

// The stages whose inputs are produced by a stage before, in the order of the pipeline.
var stages = []datelinev1.Stage{
	datelinev1.Stage_STAGE_FETCH, datelinev1.Stage_STAGE_EXTRACT, datelinev1.Stage_STAGE_INDEX,
}

// search narrows down the inputs that may be lost. Their number is at most that of the
// inputs without an outcome, of which the frontier holds those that wait.
type search struct {
	js      jetstream.JetStream
	entries store.Ledger
	from    time.Time

	open map[datelinev1.Stage]map[ledger.Key]bool
	// pages maps the ids of messages about a page to the key of its request.
	pages map[string]ledger.Key
}

// Find returns the inputs that were produced since a time and are lost, at most
// MaxLost of each stage, oldest first. It changes nothing.
func Find(ctx context.Context, js jetstream.JetStream, entries store.Ledger, since time.Time) ([]Lost, error) {
	s := search{
		js: js, entries: entries, from: since,
		open: map[datelinev1.Stage]map[ledger.Key]bool{}, pages: map[string]ledger.Key{},
	}
	for _, step := range []func(context.Context) error{s.readOpen, s.readFrontier, s.readPages, s.readOutcomes} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	var lost []Lost
	for _, stage := range stages {
		found := 0
		for last, err := range s.unfinished(ctx, stage) {
			if err != nil {
				return nil, err
			}
			if !s.open[stage][ledger.KeyOf(last)] {
				continue
			}
			lost = append(lost, Lost{stage, last})
			if found++; found == MaxLost {
				break
			}
		}
	}
	return lost, nil
}

// unfinished yields the outcomes that produced the inputs of a stage without an outcome.
func (s *search) unfinished(ctx context.Context, stage datelinev1.Stage) func(func(*datelinev1.Outcome, error) bool) {
	// The clocks of the services do not matter: an outcome may be from the future.
	const clocks = 24 * time.Hour
	return s.entries.Unfinished(ctx, stage, s.from, time.Now().Add(clocks))
}

func (s *search) readOpen(ctx context.Context) error {
	for _, stage := range stages {
		s.open[stage] = map[ledger.Key]bool{}
		for last, err := range s.unfinished(ctx, stage) {
			if err != nil {
				return err
			}
			k := ledger.KeyOf(last)
			s.open[stage][k] = true
			if stage != datelinev1.Stage_STAGE_FETCH {
				s.pages[pageID(last)] = k
			}
		}
	}
	return nil
}

// pageID returns the id of the page that an outcome of fetch, ingest or extract is about.
func pageID(o *datelinev1.Outcome) string {
	if o.GetStage() == datelinev1.Stage_STAGE_EXTRACT {
		return o.GetInputId()
	}
	return o.GetOutputId()
}

// found records that an input waits for a stage, and so for all stages after it.
func (s *search) found(k ledger.Key, stage datelinev1.Stage) {
	for _, later := range stages {
		if later >= stage {
			delete(s.open[later], k)
		}
	}
}

func (s *search) readFrontier(ctx context.Context) error {
	return read(ctx, s.js, subject.StreamFrontier, 1, false, func(msg jetstream.Msg, _ *jetstream.MsgMetadata) error {
		entry := &datelinev1.FrontierEntry{}
		if err := proto.Unmarshal(msg.Data(), entry); err != nil {
			return nil //nolint:nilerr // the fetcher makes it a dead letter
		}
		s.found(ledger.KeyOfEntry(entry), datelinev1.Stage_STAGE_FETCH)
		return nil
	})
}

// readPages finds the pages and articles that wait for their stages.
func (s *search) readPages(ctx context.Context) error {
	for _, waiting := range []struct {
		stage            datelinev1.Stage
		stream, consumer string
		messageID        func(page string) string
	}{
		{datelinev1.Stage_STAGE_EXTRACT, subject.StreamPages, subject.ConsumerExtract, ledger.PageMessageID},
		{datelinev1.Stage_STAGE_INDEX, subject.StreamArticles, subject.ConsumerIndex, ledger.ArticleMessageID},
	} {
		floor, err := ackFloor(ctx, s.js, waiting.stream, waiting.consumer)
		if err != nil {
			return err
		}
		ids := make(map[string]ledger.Key, len(s.pages))
		for page, k := range s.pages {
			ids[waiting.messageID(page)] = k
		}
		err = read(ctx, s.js, waiting.stream, floor+1, true, func(msg jetstream.Msg, _ *jetstream.MsgMetadata) error {
			if k, ok := ids[msg.Headers().Get(nats.MsgIdHdr)]; ok {
				s.found(k, waiting.stage)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readOutcomes finds the outcomes that the ledger does not have yet.
func (s *search) readOutcomes(ctx context.Context) error {
	floor, err := ackFloor(ctx, s.js, subject.StreamOutcomes, subject.ConsumerLedger)
	if err != nil {
		return err
	}
	return read(ctx, s.js, subject.StreamOutcomes, floor+1, false,
		func(msg jetstream.Msg, _ *jetstream.MsgMetadata) error {
			o := &datelinev1.Outcome{}
			if err := proto.Unmarshal(msg.Data(), o); err != nil {
				return nil //nolint:nilerr // the ledger makes it a dead letter
			}
			delete(s.open[o.GetStage()], ledger.KeyOf(o))
			return nil
		})
}

// errCut means that the ledger has only a part of a URL.
var errCut = errors.New("the ledger keeps only a part of this long URL: publish the URL again")

// check returns an error if an input cannot be published again.
func (l Lost) check() error {
	if len(l.Last.GetUrl()) >= ledger.MaxText {
		return errCut
	}
	if _, err := weburl.Parse(l.Last.GetUrl()); err != nil {
		return fmt.Errorf("the ledger does not have its URL: %w", err)
	}
	return nil
}
