// Package deadletter reads the stream of inputs that failed permanently, and
// requeues or removes them.
package deadletter

import (
	"context"
	"errors"
	"fmt"
	"iter"
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

// Letter is a dead letter with its number in the stream, by which users refer to
// it.
type Letter struct {
	*datelinev1.DeadLetter
	Number uint64
}

// Brief is a dead letter without headers and payload, for listings.
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

// Brief returns the dead letter without headers and payload.
func (l Letter) Brief() Brief {
	return Brief{
		Number: l.Number, Time: l.GetTime().AsTime(), Stage: subject.StageName(l.GetStage()), Reason: l.GetReason(),
		Attempts: l.GetAttempts(), URL: l.GetUrl(), Error: l.GetError(), Subject: l.GetSubject(), Bytes: len(l.GetData()),
	}
}

// Filter selects dead letters. An empty field matches all.
type Filter struct{ Stage, Reason, Host string }

func (f Filter) matches(l *datelinev1.DeadLetter) bool {
	if f.Stage != "" && f.Stage != subject.StageName(l.GetStage()) {
		return false
	}
	if f.Reason != "" && f.Reason != l.GetReason() {
		return false
	}
	if f.Host == "" {
		return true
	}
	url, err := weburl.Parse(l.GetUrl())
	return err == nil && url.Host() == f.Host
}

// Stream is the stream of dead letters.
type Stream struct {
	js     jetstream.JetStream
	stream jetstream.Stream
}

// Open opens the stream.
func Open(ctx context.Context, js jetstream.JetStream) (Stream, error) {
	stream, err := js.Stream(ctx, subject.StreamDead)
	if err != nil {
		return Stream{}, fmt.Errorf("opening stream %s: %w", subject.StreamDead, err)
	}
	return Stream{js, stream}, nil
}

// All yields the current dead letters that match, oldest first. It ends after an
// error.
func (s Stream) All(ctx context.Context, filter Filter) iter.Seq2[Letter, error] {
	return s.From(ctx, filter, 1)
}

// From is like All, but starts at a number.
func (s Stream) From(ctx context.Context, filter Filter, first uint64) iter.Seq2[Letter, error] {
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

// next returns the first dead letter at a number or after it.
func (s Stream) next(ctx context.Context, from uint64) (Letter, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	msg, err := s.stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subject.AllDead))
	if err != nil {
		return Letter{}, fmt.Errorf("reading dead letters: %w", err)
	}
	return decode(msg)
}

// Get returns the dead letter with a number.
func (s Stream) Get(ctx context.Context, number uint64) (Letter, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	msg, err := s.stream.GetMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Letter{}, fmt.Errorf("dead letter %d does not exist: \"dateline dead list\" lists all dead letters", number)
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

// Requeue publishes the original message to its subject again and then removes the
// dead letter. An entry of the frontier starts without attempts.
func (s Stream) Requeue(ctx context.Context, letter Letter) error {
	msg, err := original(letter)
	if err != nil {
		return fmt.Errorf("requeueing dead letter %d: %w", letter.Number, err)
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if _, err := s.js.PublishMsg(ctx, msg); err != nil {
		return fmt.Errorf("requeueing dead letter %d to %s: %w", letter.Number, letter.GetSubject(), err)
	}
	return s.Drop(ctx, letter)
}

// original returns the message of a dead letter, ready to be published again.
func original(letter Letter) (*nats.Msg, error) {
	msg := nats.NewMsg(letter.GetSubject())
	for _, header := range letter.GetHeaders() {
		if header.GetName() != nats.MsgIdHdr {
			msg.Header.Add(header.GetName(), header.GetValue())
		}
	}
	// The number and the time make the id new to the stream, but the same if the
	// dead letter is requeued twice.
	id := fmt.Sprintf("requeue:%d:%d", letter.Number, letter.GetTime().AsTime().UnixNano())
	msg.Header.Set(nats.MsgIdHdr, id)
	tracing.Relink(msg.Header)
	msg.Data = letter.GetData()
	if letter.GetStage() != datelinev1.Stage_STAGE_FETCH {
		return msg, nil
	}
	entry := &datelinev1.FrontierEntry{}
	if err := proto.Unmarshal(letter.GetData(), entry); err != nil {
		return nil, fmt.Errorf("its payload is not a frontier entry: %w; drop it and publish the URL again", err)
	}
	entry.Attempts, entry.NotBeforeTime = 0, nil
	var err error
	msg.Data, err = proto.Marshal(entry)
	return msg, err
}

// Drop removes a dead letter, and overwrites it on disk.
func (s Stream) Drop(ctx context.Context, letter Letter) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if err := s.stream.SecureDeleteMsg(ctx, letter.Number); err != nil {
		return fmt.Errorf("removing dead letter %d: %w", letter.Number, err)
	}
	return nil
}
