// Package deadletter reads the stream of inputs that failed for good, and sends
// them on their way again.
package deadletter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// opTimeout bounds one operation on the stream.
const opTimeout = 10 * time.Second

// Letter is a dead letter and its number, by which people name it.
type Letter struct {
	*datelinev1.DeadLetter
	Number uint64
}

// Brief is a letter without headers and payload, for listings.
type Brief struct {
	Number   uint64    `json:"number"`
	Time     time.Time `json:"time"`
	Stage    string    `json:"stage"`
	Reason   string    `json:"reason"`
	Attempts int32     `json:"attempts"`
	URL      string    `json:"url,omitempty"`
	Error    string    `json:"error"`
	Subject  string    `json:"subject"`
	Bytes    int       `json:"bytes"`
}

// Brief returns the letter's brief.
func (l Letter) Brief() Brief {
	return Brief{
		Number: l.Number, Time: l.GetTime().AsTime(), Stage: subject.StageName(l.GetStage()), Reason: l.GetReason(),
		Attempts: l.GetAttempts(), URL: l.GetUrl(), Error: l.GetError(), Subject: l.GetSubject(), Bytes: len(l.GetData()),
	}
}

// Filter chooses letters; an empty field lets every one through.
type Filter struct{ Stage, Reason, Host string }

func (f Filter) matches(l *datelinev1.DeadLetter) bool {
	if f.Stage != "" && f.Stage != subject.StageName(l.GetStage()) || f.Reason != "" && f.Reason != l.GetReason() {
		return false
	}
	if f.Host == "" {
		return true
	}
	url, err := weburl.Parse(l.GetUrl())
	return err == nil && url.Host() == f.Host
}

// Letters is the stream of dead letters.
type Letters struct {
	js     jetstream.JetStream
	stream jetstream.Stream
}

// Open opens the stream.
func Open(ctx context.Context, js jetstream.JetStream) (Letters, error) {
	stream, err := js.Stream(ctx, subject.StreamDead)
	if err != nil {
		return Letters{}, fmt.Errorf("opening stream %s: %w", subject.StreamDead, err)
	}
	return Letters{js, stream}, nil
}

// All yields the letters that are there now and match, the oldest first. An
// error ends it.
func (s Letters) All(ctx context.Context, filter Filter) func(yield func(Letter, error) bool) {
	return s.From(ctx, filter, 1)
}

// From is All, beginning with a number.
func (s Letters) From(ctx context.Context, filter Filter, first uint64) func(yield func(Letter, error) bool) {
	return func(yield func(Letter, error) bool) {
		last := s.stream.CachedInfo().State.LastSeq
		for number := first; number <= last; number++ {
			letter, err := s.next(ctx, number)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				return
			}
			if err != nil {
				yield(Letter{}, err)
				return
			}
			if number = letter.Number; number > last {
				return
			}
			if filter.matches(letter.DeadLetter) && !yield(letter, nil) {
				return
			}
		}
	}
}

// next returns the first letter from a number on.
func (s Letters) next(ctx context.Context, from uint64) (Letter, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	msg, err := s.stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subject.AllDead))
	if err != nil {
		return Letter{}, fmt.Errorf("reading dead letters: %w", err)
	}
	return decode(msg)
}

// Get returns the letter with a number.
func (s Letters) Get(ctx context.Context, number uint64) (Letter, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	msg, err := s.stream.GetMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Letter{}, fmt.Errorf("there is no dead letter %d: \"dateline dead list\" shows those that there are", number)
	}
	if err != nil {
		return Letter{}, fmt.Errorf("reading dead letter %d: %w", number, err)
	}
	return decode(msg)
}

func decode(msg *jetstream.RawStreamMsg) (Letter, error) {
	letter := &datelinev1.DeadLetter{}
	if err := proto.Unmarshal(msg.Data, letter); err != nil {
		return Letter{}, fmt.Errorf("decoding dead letter %d: %w", msg.Sequence, err)
	}
	return Letter{letter, msg.Sequence}, nil
}

// Requeue publishes the original message to where it came from, then removes
// the letter. An entry of the frontier begins with its attempts anew.
func (s Letters) Requeue(ctx context.Context, letter Letter) error {
	msg := nats.NewMsg(letter.GetSubject())
	for _, header := range letter.GetHeaders() {
		if header.GetName() != nats.MsgIdHdr {
			msg.Header.Add(header.GetName(), header.GetValue())
		}
	}
	// The letter's number makes the id new to the stream, and the same when
	// the command is given twice.
	msg.Header.Set(nats.MsgIdHdr, fmt.Sprintf("requeue:%d:%d", letter.Number, letter.GetTime().AsTime().UnixNano()))
	tracing.Relink(msg.Header)
	msg.Data = letter.GetData()
	if letter.GetStage() == datelinev1.Stage_STAGE_FETCH {
		entry := &datelinev1.FrontierEntry{}
		if err := proto.Unmarshal(letter.GetData(), entry); err != nil {
			return fmt.Errorf("requeueing dead letter %d: its payload is no frontier entry: %w; drop it and publish the URL again", letter.Number, err)
		}
		entry.Attempts, entry.NotBeforeTime = 0, nil
		var err error
		if msg.Data, err = proto.Marshal(entry); err != nil {
			return fmt.Errorf("requeueing dead letter %d: %w", letter.Number, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if _, err := s.js.PublishMsg(ctx, msg); err != nil {
		return fmt.Errorf("requeueing dead letter %d to %s: %w", letter.Number, letter.GetSubject(), err)
	}
	return s.Drop(ctx, letter)
}

// Drop removes a letter.
func (s Letters) Drop(ctx context.Context, letter Letter) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if err := s.stream.SecureDeleteMsg(ctx, letter.Number); err != nil {
		return fmt.Errorf("removing dead letter %d: %w", letter.Number, err)
	}
	return nil
}
