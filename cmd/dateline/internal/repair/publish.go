package repair

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher"
)

// Publisher publishes lost inputs again. Create it with NewPublisher.
type Publisher struct {
	js jetstream.JetStream
	// pages are the sequences of the pages that are still on the stream, by the ids of
	// their messages.
	pages map[string]uint64
}

// NewPublisher returns a publisher for inputs that Find returned.
func NewPublisher(ctx context.Context, js jetstream.JetStream, lost []Lost) (*Publisher, error) {
	wanted := map[string]bool{}
	for _, l := range lost {
		if l.Stage != datelinev1.Stage_STAGE_FETCH {
			wanted[ledger.PageMessageID(pageID(l.Last))] = true
		}
	}
	p := &Publisher{js: js, pages: map[string]uint64{}}
	if len(wanted) == 0 {
		return p, nil
	}
	return p, read(ctx, js, subject.StreamPages, 1, true, func(msg jetstream.Msg, meta *jetstream.MsgMetadata) error {
		if id := msg.Headers().Get(nats.MsgIdHdr); wanted[id] {
			p.pages[id] = meta.Sequence.Stream
		}
		return nil
	})
}

// errArchived means that a page is lost that was read from a web archive. The site may
// have another page now.
var errArchived = errors.New("the page is no longer on the stream: run \"dateline ingest --force\" with its archive")

// errReplayed means that a record is lost that was extracted again. The stored record has not
// changed.
var errReplayed = errors.New("the record was extracted again by \"dateline replay\": run that command again")

// Publish publishes a lost input again: its page, if that is still on the stream, and
// otherwise its URL, to be fetched. If this fails, the input stays lost, and the error
// says why.
func (p *Publisher) Publish(ctx context.Context, l Lost) error {
	if err := l.check(); err != nil {
		return err
	}
	if l.Last.GetStage() == datelinev1.Stage_STAGE_REPLAY {
		return errReplayed
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if l.Stage != datelinev1.Stage_STAGE_FETCH {
		id := ledger.PageMessageID(pageID(l.Last))
		if sequence, ok := p.pages[id]; ok {
			err := p.republish(ctx, id, sequence)
			if !errors.Is(err, jetstream.ErrMsgNotFound) {
				return err
			}
		}
	}
	if l.Last.GetStage() == datelinev1.Stage_STAGE_INGEST {
		return errArchived
	}
	return fetcher.Readmit(ctx, p.js, l.Last, time.Now())
}

// republish publishes a page of the stream again, so that it is extracted again.
func (p *Publisher) republish(ctx context.Context, id string, sequence uint64) error {
	stream, err := p.js.Stream(ctx, subject.StreamPages)
	if err != nil {
		return fmt.Errorf("opening stream %s: %w", subject.StreamPages, err)
	}
	page, err := stream.GetMsg(ctx, sequence)
	if err != nil {
		return fmt.Errorf("reading page %d: %w", sequence, err)
	}
	if page.Header.Get(nats.MsgIdHdr) != id { // the stream was declared again meanwhile
		return jetstream.ErrMsgNotFound
	}
	msg := nats.NewMsg(page.Subject)
	msg.Header.Set(nats.MsgIdHdr, id)
	msg.Header.Set(ledger.ContentType, page.Header.Get(ledger.ContentType))
	msg.Data = page.Data
	if _, err := p.js.PublishMsg(ctx, msg); err != nil {
		return fmt.Errorf("publishing page %d again: %w", sequence, err)
	}
	return nil
}
