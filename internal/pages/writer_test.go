package pages_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/pagebody"
	"github.com/dateline-news/dateline/internal/pages"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// newWriter returns a writer that logs nothing.
func newWriter(t *testing.T, js jetstream.JetStream) *pages.Writer {
	t.Helper()
	ledgers := ledger.NewWriter(ledger.Config{JS: js})
	writer, err := pages.NewWriter(t.Context(), js, ledgers, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return writer
}

// TestWrite stores pages whose bodies just fit a message and just do not, and reads them again.
func TestWrite(t *testing.T) {
	nc, js := natstest.Start(t)
	fits := int(nc.MaxPayload()) - 512<<10 // what else a message needs
	random := make([]byte, fits+1)
	if _, err := rand.NewChaCha8(sha256.Sum256(nil)).Read(random); err != nil {
		t.Fatal(err)
	}
	writer := newWriter(t, js)
	reader, err := pagebody.NewReader(js, 1, len(random))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, c := range []struct {
		name, coding, compression string
		body                      []byte
		moved                     bool
	}{
		{"compressed", "", "zstd", bytes.Repeat([]byte("Ferry "), 1000), false},
		{"coded by the site", "br", "", []byte("coded"), false},
		{"without a body", "", "", nil, false},
		{"fits", "br", "", random[:fits], false},
		{"does not fit", "br", "", random, true},
	} {
		page := &datelinev1.Page{Id: c.name, ContentEncoding: c.coding, Body: bytes.Clone(c.body)}
		if err := writer.Write(t.Context(), page, "example.a"); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if page.GetBody() != nil {
			t.Errorf("%s: the page keeps its body", c.name)
		}
		messages := natstest.Messages(t, js, subject.StreamPages)
		stored := &datelinev1.Page{}
		if err := proto.Unmarshal(messages[len(messages)-1].Data, stored); err != nil {
			t.Fatal(err)
		}
		body, err := reader.Read(t.Context(), stored)
		if err != nil || stored.GetId() != c.name || !bytes.Equal(body, c.body) ||
			stored.GetBodyCompression() != c.compression || (stored.GetBodyObject() != nil) != c.moved {
			t.Errorf("%s: %s has %d bytes, compression %q, object %v and error %v", c.name, stored.GetId(), len(body),
				stored.GetBodyCompression(), stored.GetBodyObject(), err)
		}
	}
}

// A response goes to the stream of those who read it.
func TestSubjects(t *testing.T) {
	_, js := natstest.Start(t)
	writer := newWriter(t, js)
	for purpose, stream := range map[datelinev1.Purpose]string{
		datelinev1.Purpose_PURPOSE_UNSPECIFIED: subject.StreamPages,
		datelinev1.Purpose_PURPOSE_ARTICLE:     subject.StreamPages,
		datelinev1.Purpose_PURPOSE_FEED:        subject.StreamListings,
	} {
		before := natstest.Count(t, js, stream)
		page := &datelinev1.Page{Id: purpose.String(), Request: &datelinev1.FetchRequest{Purpose: purpose}}
		if err := writer.Write(t.Context(), page, "example.a"); err != nil {
			t.Fatal(err)
		}
		if got := natstest.Count(t, js, stream) - before; got != 1 {
			t.Errorf("%s: %s has %d more messages, want 1", purpose, stream, got)
		}
	}
}

// TestPageThatCannotBeStored has requests to NATS fail while a large body is stored. The page is published once its
// body is there, and never without it.
func TestPageThatCannotBeStored(t *testing.T) {
	nats := natstest.Server(t, t.TempDir())
	nc, js := natstest.Connect(t, nats)
	natstest.Reconcile(t, js, topology.Limits{})
	requests, failing := natstest.Fail(t, nats)
	config := ledger.Config{JS: failing, Log: slog.New(slog.DiscardHandler)}
	requests.After(0)
	if _, err := pages.NewWriter(t.Context(), failing, ledger.NewWriter(config), config.Log); err == nil {
		t.Error("a writer is returned although its object store cannot be opened")
	}
	writer, err := pages.NewWriter(t.Context(), failing, ledger.NewWriter(config), config.Log)
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, nc.MaxPayload())
	reader, err := pagebody.NewReader(js, 1, len(body))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	const stride = 23 // of the requests for a body, which has a message per 128 KiB
	for n, failed := 0, true; failed; n += stride {
		requests.After(n)
		page := &datelinev1.Page{Id: fmt.Sprint(n), ContentEncoding: "br", Body: body}
		if err := writer.Write(t.Context(), page, "example.a"); err != nil {
			t.Fatal(err)
		}
		failed = requests.Failed()
		all := natstest.Messages(t, js, subject.StreamPages)
		stored := &datelinev1.Page{}
		if err := proto.Unmarshal(all[len(all)-1].Data, stored); err != nil || stored.GetId() != page.GetId() {
			t.Fatalf("page %s: %v, want %s", stored.GetId(), err, page.GetId())
		}
		if got, err := reader.Read(t.Context(), stored); err != nil || len(got) != len(body) {
			t.Errorf("request %d fails: a body of %d bytes, %v; want %d", n+1, len(got), err, len(body))
		}
	}
	before := natstest.Count(t, js, subject.StreamPages)
	unencodable := &datelinev1.Page{Id: "no UTF-8", FinalUrl: "https://example.com/\xe9", Body: []byte("News")}
	if err := writer.Write(t.Context(), unencodable, "example.a"); err == nil {
		t.Error("a page that cannot be encoded is reported as stored")
	}
	if err := js.DeleteObjectStore(t.Context(), subject.BucketBodies); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	page := &datelinev1.Page{Id: "last", ContentEncoding: "br", Body: body}
	if err := writer.Write(ctx, page, "example.a"); err == nil {
		t.Error("a page whose body cannot be stored is reported as stored")
	}
	if got := natstest.Count(t, js, subject.StreamPages); got != before {
		t.Error("a page without its body, or one that cannot be encoded, is published")
	}
}

// TestExchangesGoToTheArchiver stores an exchange while an archiver waits for it.
func TestExchangesGoToTheArchiver(t *testing.T) {
	nats := natstest.Server(t, t.TempDir())
	_, js := natstest.Connect(t, nats)
	natstest.Reconcile(t, js, topology.Limits{Archive: true})
	writer := newWriter(t, js)
	page := &datelinev1.Page{Id: "robots", FinalUrl: "https://a.example/robots.txt", Body: []byte("User-agent: *")}
	if err := writer.WriteExchange(t.Context(), page, "example.a"); err != nil {
		t.Fatal(err)
	}
	messages := natstest.Messages(t, js, subject.StreamExchanges)
	if len(messages) != 1 || messages[0].Subject != subject.Exchanges("example.a") ||
		messages[0].Header.Get(jetstream.MsgIDHeader) != ledger.PageMessageID("robots") {
		t.Errorf("stored %+v", messages)
	}
}

// TestObjectsAreDescribed stores a large body, whose object names its page. Without a connection, the writer
// gives up.
func TestObjectsAreDescribed(t *testing.T) {
	nc, js := natstest.Start(t)
	writer := newWriter(t, js)
	large := func() *datelinev1.Page {
		return &datelinev1.Page{
			Id: "large", FinalUrl: "https://a.example/large", ContentEncoding: "br",
			Body: make([]byte, nc.MaxPayload()),
		}
	}
	page := large()
	if err := writer.Write(t.Context(), page, "example.a"); err != nil {
		t.Fatal(err)
	}
	want := &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: "large", Size: nc.MaxPayload()}
	if !proto.Equal(page.GetBodyObject(), want) {
		t.Errorf("the body is in %v, want %v", page.GetBodyObject(), want)
	}
	store, err := js.ObjectStore(t.Context(), subject.BucketBodies)
	if err != nil {
		t.Fatal(err)
	}
	info, err := store.GetInfo(t.Context(), "large")
	if err != nil || info.Description != page.GetFinalUrl() || int64(info.Size) != want.GetSize() {
		t.Errorf("the object is %+v, %v", info, err)
	}
	nc.Close()
	err = writer.Write(natstest.Context(t), large(), "example.a")
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without a connection: %v", err)
	}
}
