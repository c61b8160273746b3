// Package deadletter reads the stream of inputs that failed permanently, and
// requeues or removes them.
package deadletter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// opTimeout bounds one operation on the stream.
	opTimeout = 10 * time.Second
	// maxMisses is the maximum number of dead letters of other hosts that are read for
	// one page. Each can have 256 KiB.
	maxMisses = 500
)

// Letter is a dead letter with its number in the stream, by which users refer to
// it.
type Letter struct {
	*datelinev1.DeadLetter
	Number uint64
	// Unreadable is set if the entry is not a valid dead letter. Stage and reason are
	// those of the entry's subject, Error is the cause, and Data is the whole entry. It
	// can be listed and dropped, but not requeued.
	Unreadable bool
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
	// Unreadable is as in Letter.
	Unreadable bool `json:"unreadable,omitempty" doc:"The entry is not a valid dead letter: it can only be removed."`
}

// Brief returns the dead letter without headers and payload.
func (l Letter) Brief() Brief {
	return Brief{
		Number: l.Number, Time: l.GetTime().AsTime(), Stage: subject.StageName(l.GetStage()), Reason: l.GetReason(),
		Attempts: l.GetAttempts(), URL: l.GetUrl(), Error: l.GetError(), Subject: l.GetSubject(), Bytes: len(l.GetData()),
		Unreadable: l.Unreadable,
	}
}

// Filter selects dead letters. An empty field matches all.
type Filter struct{ Stage, Reason, Host string }

// subjects returns the subjects of the stage and reason, with wildcards for those that
// are empty. It reports whether dead letters can have such subjects.
func (f Filter) subjects() (string, bool) {
	stage, reason := cmp.Or(f.Stage, "*"), cmp.Or(f.Reason, "*")
	return subject.DeadOf(stage, reason), !strings.ContainsAny(f.Stage+f.Reason, ".*> \t\r\n")
}

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
// error. A filter by host reads all dead letters of the stage and reason.
func (s Stream) All(ctx context.Context, filter Filter) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		for letter, err := range s.read(ctx, filter, 0) {
			if (err != nil || filter.matches(letter.DeadLetter)) && !yield(letter, err) {
				return
			}
		}
	}
}

// Page returns at most limit dead letters that match, oldest first, with numbers
// greater than after. It reads at most maxMisses dead letters that do not match,
// because only their payloads contain their hosts.
//
// If more dead letters may match, next is the value of after for the next page, even
// if this page is empty. Otherwise it is 0.
func (s Stream) Page(ctx context.Context, filter Filter, after uint64,
	limit int) (page []Brief, next uint64, err error) {
	page = []Brief{}
	misses := 0
	for letter, err := range s.read(ctx, filter, after) {
		if err != nil {
			return nil, 0, err
		}
		if filter.matches(letter.DeadLetter) {
			page = append(page, letter.Brief())
		} else {
			misses++
		}
		if len(page) >= limit || misses >= maxMisses {
			if letter.Number == s.last() {
				return page, 0, nil
			}
			return page, letter.Number, nil
		}
	}
	return page, 0, nil
}

// read yields the current dead letters of the filter's stage and reason with numbers
// greater than after. It ends after an error.
func (s Stream) read(ctx context.Context, filter Filter, after uint64) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		subjects, ok := filter.subjects()
		for number := after; ok && number < s.last(); {
			letter, err := s.next(ctx, subjects, number+1)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				return
			}
			if err != nil {
				yield(Letter{}, err)
				return
			}
			if number = letter.Number; number > s.last() || !yield(letter, nil) {
				return
			}
		}
	}
}

// last returns the number of the last dead letter when the stream was opened.
func (s Stream) last() uint64 { return s.stream.CachedInfo().State.LastSeq }

// next returns the first dead letter on the subjects at a number or after it.
func (s Stream) next(ctx context.Context, subjects string, from uint64) (Letter, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	msg, err := s.stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subjects))
	if err != nil {
		return Letter{}, fmt.Errorf("reading dead letters: %w", err)
	}
	return decode(msg), nil
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
	return decode(msg), nil
}

// decode returns the dead letter in a message. It never fails: an entry that cannot
// be decoded must not hide those after it, nor prevent its own removal.
func decode(msg *jetstream.RawStreamMsg) Letter {
	letter := &datelinev1.DeadLetter{}
	stage, reason, _ := subject.ParseDead(msg.Subject)
	err := proto.Unmarshal(msg.Data, letter)
	if err == nil && subject.StageName(letter.GetStage()) != stage {
		// Permissions are bound to the subject, so only its stage can be trusted.
		err = fmt.Errorf("its stage %s contradicts its subject", subject.StageName(letter.GetStage()))
	}
	if err == nil {
		return Letter{DeadLetter: letter, Number: msg.Sequence}
	}
	return Letter{Number: msg.Sequence, Unreadable: true, DeadLetter: &datelinev1.DeadLetter{
		Stage: stageOf(stage), Reason: reason, Time: timestamppb.New(msg.Time), Data: msg.Data,
		Error: fmt.Sprintf("the entry on %s is not a valid dead letter (%v): drop it", msg.Subject, err),
	}}
}

// stageOf returns the stage with a name, or 0 if there is none.
func stageOf(name string) datelinev1.Stage {
	return datelinev1.Stage(datelinev1.Stage_value["STAGE_"+strings.ToUpper(name)])
}

// Drop removes a dead letter, and overwrites it on disk. It is not an error if the letter
// is gone.
func (s Stream) Drop(ctx context.Context, letter Letter) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if err := s.stream.SecureDeleteMsg(ctx, letter.Number); err != nil && !bus.IsGone(err) {
		return fmt.Errorf("removing dead letter %d: %w", letter.Number, err)
	}
	return nil
}
