package library

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// declareAgain deletes a stream and declares it again.
func declareAgain(t *testing.T, js jetstream.JetStream, name string) {
	t.Helper()
	if err := js.DeleteStream(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, js, topology.Limits{})
}

func announceAll(t *testing.T, js jetstream.JetStream, names ...string) {
	t.Helper()
	for _, name := range names {
		event := &datelinev1.RevisionEvent{Change: datelinev1.RevisionChange_REVISION_CHANGE_ERASED, ArticleId: name}
		send(t, js, func() (*nats.Msg, error) { return RevisionMessage(event, "en", "example.com") })
	}
}

func send(t *testing.T, js jetstream.JetStream, message func() (*nats.Msg, error)) uint64 {
	t.Helper()
	msg, err := message()
	if err != nil {
		t.Fatal(err)
	}
	ack, err := js.PublishMsg(t.Context(), msg)
	if err != nil {
		t.Fatal(err)
	}
	return ack.Sequence
}

// TestFollowAfterTheStreamWasLost resumes with the places of a stream that was lost, which
// had more events, and loses the stream while it is followed.
func TestFollowAfterTheStreamWasLost(t *testing.T) {
	_, js := natstest.Start(t)
	announceAll(t, js, "1", "2", "3", "4", "5")
	stream, err := js.Stream(t.Context(), subject.StreamRevisions)
	if err != nil {
		t.Fatal(err)
	}
	lost := stream.CachedInfo().Created
	declareAgain(t, js, subject.StreamRevisions)
	announceAll(t, js, "a", "b", "c", "d")
	if stream, err = js.Stream(t.Context(), subject.StreamRevisions); err != nil {
		t.Fatal(err)
	}
	present := stream.CachedInfo().Created
	for _, test := range []struct {
		id    string
		first string
	}{
		{Place{Sequence: 5, Created: lost}.String(), "a"},
		{Place{Sequence: 2, Created: lost}.String(), "a"},
		{Place{Sequence: 2, Created: present}.String(), "c"},
		{"5", "a"}, // the id of an older version, beyond the stream's end
		{"2", "c"},
	} {
		place, err := ParsePlace(test.id)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), natstest.Patience(t))
		for event, err := range New(nil, js).Follow(ctx, place, time.Second) {
			if err != nil {
				t.Fatal(err)
			}
			if event != nil {
				if event.GetArticleId() != test.first {
					t.Errorf("after %s: the first event is of %s, want %s", test.id, event.GetArticleId(), test.first)
				}
				break
			}
		}
		if ctx.Err() != nil {
			t.Errorf("after %s: no event", test.id)
		}
		stop()
	}

	ctx, stop := context.WithTimeout(t.Context(), natstest.Patience(t))
	defer stop()
	var got []string
	for event, err := range New(nil, js).Follow(ctx, Place{}, 50*time.Millisecond) {
		switch {
		case err != nil:
			t.Fatal(err)
		case event == nil && got == nil:
			announceAll(t, js, "e")
			got = []string{}
		case event != nil:
			if got = append(got, event.GetArticleId()); len(got) == 1 {
				declareAgain(t, js, subject.StreamRevisions)
				announceAll(t, js, "new")
			}
		}
		if len(got) == 2 {
			break
		}
	}
	if !slices.Equal(got, []string{"e", "new"}) {
		t.Errorf("events of %q, want e and new", got)
	}
}

func TestInvalidPlaces(t *testing.T) {
	for _, text := range []string{"", "x", "-1", "1-", "1-!", "1-1-1", "99999999999999999999"} {
		if place, err := ParsePlace(text); err == nil {
			t.Errorf("%q is read as %v", text, place)
		}
	}
}

// TestPageOfAnotherURL declares the stream of pages again, so that the number of an
// article's page is that of another page.
func TestPageOfAnotherURL(t *testing.T) {
	_, js := natstest.Start(t)
	s, err := store.Open(t.Context(), t.TempDir()+"/articles.db")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	page := func(url string) func() (*nats.Msg, error) {
		return func() (*nats.Msg, error) {
			return ledger.Message(subject.Pages("com.example"), url, &datelinev1.Page{
				Id: url, RequestedUrl: url, FinalUrl: url, Body: []byte("the page of " + url),
			})
		}
	}
	const url, other = "https://example.com/a", "https://example.com/b"
	article := &datelinev1.Article{
		Id: "id-a", CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: "example.com", Title: "A", ContentHash: "a",
		RawPage: &datelinev1.RawPage{Stream: subject.StreamPages, Sequence: send(t, js, page(url))},
	}
	if _, err := s.Put(t.Context(), []*datelinev1.Article{article}); err != nil {
		t.Fatal(err)
	}
	lib := New(s, js)
	if raw, err := lib.Raw(t.Context(), article); err != nil || string(raw.Body) != "the page of "+url {
		t.Errorf("the page is %q, %v", raw.Body, err)
	}
	declareAgain(t, js, subject.StreamPages)
	send(t, js, page(other))
	if raw, err := lib.Raw(t.Context(), article); !errors.Is(err, ErrGone) {
		t.Errorf("after the stream was declared again, the page is %q, %v", raw.Body, err)
	}
	if _, err := lib.Erase(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	left := natstest.Messages(t, js, subject.StreamPages)
	if len(left) != 1 {
		t.Fatalf("%d pages are left, want that of the other URL", len(left))
	}
	found := &datelinev1.Page{}
	if err := proto.Unmarshal(left[0].Data, found); err != nil || found.GetFinalUrl() != other {
		t.Errorf("the page %v is left, %v", found, err)
	}
}
