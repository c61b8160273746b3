package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// send publishes a message, and returns its number.
func (server *testServer) send(t *testing.T, subject, id string, m proto.Message) uint64 {
	t.Helper()
	msg, err := ledger.Message(subject, id, m)
	if err != nil {
		t.Fatal(err)
	}
	ack, err := server.js.PublishMsg(t.Context(), msg)
	if err != nil || ack.Duplicate {
		t.Fatalf("publishing on %s: %+v, %v", subject, ack, err)
	}
	return ack.Sequence
}

// messages returns the data of all messages in a stream.
func (server *testServer) messages(t *testing.T, stream string) [][]byte {
	t.Helper()
	var all [][]byte
	for _, msg := range natstest.Messages(t, server.js, stream) {
		all = append(all, msg.Data)
	}
	return all
}

func (server *testServer) erase(t *testing.T, name string) (status int, body string) {
	t.Helper()
	status, _, body = server.request(t, http.MethodDelete, "/api/v1/articles/"+url.PathEscape(name),
		bearer(operateToken)...)
	return status, body
}

// aliasURL is a URL that leads to the article that is erased.
const aliasURL = "https://short.test/x"

// secretPage returns a page of the article that is erased. Its body is in the
// message.
func secretPage(secret *datelinev1.Article) *datelinev1.Page {
	return &datelinev1.Page{
		Id: "p", RequestedUrl: aliasURL, FinalUrl: secret.GetFinalUrl(), Body: []byte("Unspeakable page"),
	}
}

// storeSecret stores an article wherever articles are kept. "Unspeakable" occurs
// in all of its data.
func (server *testServer) storeSecret(t *testing.T, secret *datelinev1.Article) {
	t.Helper()
	bodies, err := server.js.ObjectStore(t.Context(), subject.BucketBodies)
	if err != nil {
		t.Fatal(err)
	}
	small, object := secret.GetId()+".0", secret.GetId()+".1"
	large, err := bodies.PutString(t.Context(), object, strings.Repeat("Unspeakable body. ", 20_000))
	if err != nil {
		t.Fatal(err)
	}
	sequence := server.send(t, subject.Pages("com.example"), small, secretPage(secret))
	server.send(t, subject.Pages("com.example"), object, &datelinev1.Page{
		Id: object, FinalUrl: secret.GetFinalUrl(),
		BodyObject: &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: object, Size: int64(large.Size)},
	})
	drift, err := server.js.KeyValue(t.Context(), subject.BucketDrift)
	if err != nil {
		t.Fatal(err)
	}
	sample, err := proto.Marshal(&datelinev1.DriftSample{
		Url: secret.GetFinalUrl(), HtmlZstd: []byte("Unspeakable sample"),
	})
	if err != nil {
		t.Fatal(err)
	}
	key := subject.DriftSample("com.example", datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE, 1)
	if _, err := drift.Put(t.Context(), key, sample); err != nil {
		t.Fatal(err)
	}
	server.send(t, subject.Articles("en", "com.example"), secret.GetId()+".a", secret)
	event := &datelinev1.RevisionEvent{
		Change: datelinev1.RevisionChange_REVISION_CHANGE_NEW, ArticleId: secret.GetId(), Revision: 1, Article: secret,
	}
	server.send(t, subject.Revisions(event.GetChange(), "en", "com.example"), secret.GetId()+".e", event)
	server.sendDeadLetters(t, secret)
	secret.RawPage = &datelinev1.RawPage{Stream: subject.StreamPages, Sequence: sequence}
	server.put(t, secret)
}

// sendDeadLetters sends two dead letters about an article: one that has its
// record, under a URL that is not in the store, and one that has its URL.
func (server *testServer) sendDeadLetters(t *testing.T, secret *datelinev1.Article) {
	t.Helper()
	record, err := proto.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	server.send(t, subject.Dead(datelinev1.Stage_STAGE_INDEX, "refused"), secret.GetId()+".r", &datelinev1.DeadLetter{
		InputId: "r", Stage: datelinev1.Stage_STAGE_INDEX, Reason: "refused", Url: "https://short.test/y", Data: record,
	})
	server.send(t, subject.Dead(datelinev1.Stage_STAGE_FETCH, "dns"), secret.GetId()+".d", &datelinev1.DeadLetter{
		InputId: "d", Stage: datelinev1.Stage_STAGE_FETCH, Reason: "dns", Url: aliasURL,
		Data: []byte("Unspeakable letter"),
	})
}

// TestErase searches everything that is stored for a word of the erased article.
func TestErase(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	secret := article("secret", "Unspeakable headline", "Unspeakable text.", noon)
	secret.RequestedUrl = aliasURL
	server.storeSecret(t, secret)
	other := article("other", "Other", "y", noon)
	server.send(t, subject.Pages("com.example"), "q", &datelinev1.Page{
		Id: "q", FinalUrl: other.GetFinalUrl(), Body: []byte("another page"),
	})
	server.send(t, subject.Articles("en", "com.example"), "b", other)
	server.put(t, other)

	status, body := server.erase(t, aliasURL)
	got := decode[struct {
		Revisions, Pages, Records int
		DeadLetters               int `json:"dead_letters"`
		URLs                      []string
	}](t, body)
	if status != http.StatusOK || got.Revisions != 1 || got.Pages != 3 || got.Records != 2 || got.DeadLetters != 2 ||
		len(got.URLs) != 2 {
		t.Errorf("erasing: status %d: %s", status, body)
	}
	for _, stream := range []string{
		subject.StreamPages, subject.StreamArticles, subject.StreamDead, subject.StreamRevisions,
		subject.ObjectStream(subject.BucketBodies), subject.KVStream(subject.BucketDrift),
	} {
		for _, data := range server.messages(t, stream) {
			if strings.Contains(string(data), "Unspeakable") {
				t.Errorf("stream %s still contains data of the article", stream)
			}
		}
	}
	left := len(server.messages(t, subject.StreamPages)) + len(server.messages(t, subject.StreamArticles))
	if left != 2 {
		t.Errorf("%d messages of the other article are left, want 2", left)
	}
	if body := server.get(t, "/api/v1/articles?q=unspeakable"); !strings.Contains(body, `"articles":[]`) {
		t.Errorf("the article is still found: %s", body)
	}
}

// TestEraseWithAFailingStep has each request to NATS and each statement of an erasure fail in turn. If the erasure
// reports no error, nothing of the article is left, and if it does, the article can be erased again.
func TestEraseWithAFailingStep(t *testing.T) {
	t.Parallel()
	for name, least := range map[string]int{"requests": 20, "statements": 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nats := natstest.Server(t, t.TempDir())
			_, js := natstest.Connect(t, nats)
			natstest.Reconcile(t, js, topology.Limits{})
			var server *testServer
			var steps *failtest.Steps
			var erasing *library.Library
			if name == "requests" {
				server = &testServer{store: storetest.Open(t, storetest.SQLite(t)), js: js}
				requests, failing := natstest.Fail(t, nats)
				steps, erasing = &requests.Steps, library.New(server.store, failing)
			} else {
				dsn := storetest.Postgres(t)
				server = &testServer{store: storetest.Open(t, dsn), js: js}
				statements := postgrestest.Fail(t, dsn)
				steps, erasing = &statements.Steps, library.New(storetest.Open(t, statements.URL), js)
			}
			if number := server.eraseWithAFailingStep(t, steps, erasing); number < least {
				t.Errorf("an erasure has %d steps, want at least %d: the test does not see them", number, least)
			}
		})
	}
}

// eraseWithAFailingStep erases articles, each with a later step failing, and returns their number.
func (server *testServer) eraseWithAFailingStep(t *testing.T, steps *failtest.Steps, erasing *library.Library) int {
	t.Helper()
	repeating := library.New(server.store, server.js)
	events, err := server.js.Stream(t.Context(), subject.StreamRevisions)
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	id := ""
	steps.Each(t, func(ctx context.Context) error {
		number++
		if err := events.Purge(t.Context()); err != nil { // the erasures before, which this one would examine
			t.Fatal(err)
		}
		secret := article(fmt.Sprint("secret", number), "Unspeakable headline", "Unspeakable text.", noon)
		id, secret.RequestedUrl = secret.GetId(), aliasURL
		server.storeSecret(t, secret)
		_, err := erasing.Erase(ctx, id)
		if err != nil {
			if _, err := repeating.Erase(t.Context(), id); err != nil {
				t.Errorf("erasing again: %v", err)
			}
			server.expectNoSecret(t)
			server.expectErasure(t, id)
		}
		return err
	}, func() {
		server.expectNoSecret(t)
		server.expectErasure(t, id)
		articles, err := server.js.Stream(t.Context(), subject.StreamArticles)
		if err != nil {
			t.Fatal(err)
		}
		spans, err := server.store.Spans(t.Context(), subject.StreamArticles)
		union, last := store.Union(spans), articles.CachedInfo().State.LastSeq
		if err != nil || len(union) == 0 || union[len(union)-1].Last < last {
			t.Errorf("message %d was removed, and counts as one that is to be stored: %v, %v", last, union, err)
		}
	})
	return number
}

// expectErasure expects that the article is not in the store, and that its erasure was announced.
func (server *testServer) expectErasure(t *testing.T, id string) {
	t.Helper()
	if _, err := server.store.Article(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("reading the erased article: %v, want ErrNotFound", err)
	}
	announced := 0
	for _, data := range server.messages(t, subject.StreamRevisions) {
		event := &datelinev1.RevisionEvent{}
		if proto.Unmarshal(data, event) == nil && event.GetArticleId() == id &&
			event.GetChange() == datelinev1.RevisionChange_REVISION_CHANGE_ERASED {
			announced++
		}
	}
	if announced == 0 {
		t.Errorf("the erasure of %s is not announced", id)
	}
}

// expectNoSecret expects that no stream has a word of the article that was erased.
func (server *testServer) expectNoSecret(t *testing.T) {
	t.Helper()
	for _, stream := range []string{
		subject.StreamPages, subject.StreamArticles, subject.StreamRevisions, subject.StreamDead,
		subject.ObjectStream(subject.BucketBodies), "KV_" + subject.BucketDrift,
	} {
		for _, data := range server.messages(t, stream) {
			if bytes.Contains(data, []byte("Unspeakable")) {
				t.Errorf("stream %s still has the article: %.80q", stream, data)
			}
		}
	}
}

// TestForgedReferencesAreNotFollowed stores a record that names a message of another
// stream as its page. Reading it would show that message, and erasing it remove the
// message, with the rights of the indexer.
func TestForgedReferencesAreNotFollowed(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	server.send(t, subject.URLs, "u", &datelinev1.Page{Id: "private", Body: []byte("private request")})
	forged := article("forged", "Forged", "x", noon)
	forged.RawPage = &datelinev1.RawPage{Stream: subject.StreamURLs, Sequence: 1}
	server.put(t, forged)
	status, _, body := server.request(t, http.MethodGet, "/api/v1/articles/"+forged.GetId()+"/raw")
	if status != http.StatusGone || strings.Contains(body, "private") {
		t.Errorf("reading the page: status %d: %s; want 410", status, body)
	}
	if status, body := server.erase(t, forged.GetId()); status != http.StatusOK {
		t.Errorf("erasing: status %d: %s", status, body)
	}
	if n := len(server.messages(t, subject.StreamURLs)); n != 1 {
		t.Errorf("the other stream has %d messages, want 1", n)
	}
}

// TestEraseAgain verifies that erasing an article again removes what was
// published since, and that an erased article is not stored again.
func TestEraseAgain(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	secret := article("secret", "Unspeakable headline", "Unspeakable text.", noon)
	secret.RequestedUrl = aliasURL
	server.put(t, secret)
	if status, body := server.erase(t, aliasURL); status != http.StatusOK {
		t.Fatalf("erasing: status %d: %s", status, body)
	}
	server.send(t, subject.Pages("com.example"), "p3", secretPage(secret))
	status, body := server.erase(t, secret.GetId())
	if status != http.StatusOK || !strings.Contains(body, `"revisions":0,"pages":1,`) {
		t.Errorf("erasing again: status %d: %s; want one page", status, body)
	}
	if status, _ := server.erase(t, "id-nothing"); status != http.StatusNotFound {
		t.Errorf("erasing an unknown article: status %d, want 404", status)
	}
	results, err := server.store.Put(t.Context(), []*datelinev1.Article{secret})
	if err != nil || results[0].Status.String() != "erased" {
		t.Errorf("storing an erased article: %v, %v; want erased", results, err)
	}
}

// TestEraseAfterAJoin erases an article twice that was joined with another one after both were announced. The stream of
// revisions keeps the announcements of the erasure, and nothing else about the article.
func TestEraseAfterAJoin(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	former := article("former", "Unspeakable headline", "Unspeakable text.", noon)
	present := article("present", "Unspeakable headline", "Unspeakable text.", noon)
	for _, one := range []*datelinev1.Article{former, present} {
		event := &datelinev1.RevisionEvent{
			Change: datelinev1.RevisionChange_REVISION_CHANGE_NEW, ArticleId: one.GetId(), Revision: 1, Article: one,
		}
		server.send(t, subject.Revisions(event.GetChange(), "en", "com.example"), one.GetId()+".e", event)
		server.put(t, one)
	}
	moved := article("present", "Unspeakable headline", "Unspeakable text.", noon.Add(time.Hour))
	moved.RequestedUrl = former.GetCanonicalUrl()
	server.put(t, moved)
	if hit, err := server.store.Article(t.Context(), former.GetId()); err != nil || hit.ID != present.GetId() {
		t.Fatalf("%s leads to %s (%v), want the joined article", former.GetId(), hit.ID, err)
	}
	for range 2 {
		if status, body := server.erase(t, present.GetId()); status != http.StatusOK {
			t.Fatalf("erasing: status %d: %s", status, body)
		}
		server.expectNoSecret(t)
		var erased []string
		for _, data := range server.messages(t, subject.StreamRevisions) {
			event := &datelinev1.RevisionEvent{}
			if err := proto.Unmarshal(data, event); err != nil {
				t.Fatal(err)
			}
			erased = append(erased, subject.ChangeName(event.GetChange())+" "+event.GetArticleId())
		}
		slices.Sort(erased)
		want := []string{"erased " + former.GetId(), "erased " + present.GetId()}
		if !slices.Equal(erased, want) {
			t.Fatalf("the stream has %v, want %v", erased, want)
		}
	}
}

// TestErasureIsAnnounced erases an article while the stream of revisions accepts nothing. The readers of the
// stream must learn of the erasure, so it fails until they can.
func TestErasureIsAnnounced(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	secret := article("secret", "Unspeakable headline", "Unspeakable text.", noon)
	server.put(t, secret)
	limit := func(bytes int32) {
		t.Helper()
		stream, err := server.js.Stream(t.Context(), subject.StreamRevisions)
		if err != nil {
			t.Fatal(err)
		}
		config := stream.CachedInfo().Config
		config.MaxMsgSize = bytes
		if _, err := server.js.UpdateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	limit(1)
	if status, body := server.erase(t, secret.GetId()); status < http.StatusInternalServerError ||
		!strings.Contains(body, "announcing it failed: erase "+secret.GetId()+" again") {
		t.Errorf("erasing: status %d: %s", status, body)
	}
	limit(-1)
	if status, body := server.erase(t, secret.GetId()); status != http.StatusOK {
		t.Errorf("erasing again: status %d: %s", status, body)
	}
	event := &datelinev1.RevisionEvent{}
	events := server.messages(t, subject.StreamRevisions)
	if len(events) != 1 || proto.Unmarshal(events[0], event) != nil || event.GetArticleId() != secret.GetId() ||
		event.GetChange() != datelinev1.RevisionChange_REVISION_CHANGE_ERASED {
		t.Errorf("%d events, the first is %v", len(events), event)
	}
}
