package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestAnIndexIsLoadedAndThenFollowsTheStore(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		r.storeOnly(newArticle("a", "ferry")) // the stream has dropped it
		b := r.put("b", "harbour")
		r.follow()
		r.shows("ferry harbour")
		r.put("c", "strike")
		r.shows("ferry harbour strike")
		r.put("a", "ferries")
		r.shows("ferries harbour strike")
		r.erase(b)
		r.shows("ferries strike")
	})
}

func TestARestartContinuesFromTheCursor(t *testing.T) {
	r := newSQLiteRoom(t)
	a := r.put("a", "ferry")
	if got := r.once(); got != (Summary{Put: 1}) {
		t.Errorf("the first run: %+v", got)
	}
	r.engine.taken()
	if got := r.once(); got != (Summary{}) {
		t.Errorf("a run without news: %+v", got)
	}
	b := r.put("b", "harbour")
	r.put("b", "harbours")
	r.erase(a)
	if got := r.once(); got != (Summary{Put: 1, Deleted: 1}) {
		t.Errorf("a run with news: %+v", got)
	}
	want := map[string]int{"index " + b.GetId(): 1, "delete " + a.GetId(): 1}
	if got := r.engine.taken(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the engine got %v, want %v", got, want)
	}
	r.has("harbours")
}

func TestARunThatWasKilledBeforeItsCursorIsRepeated(t *testing.T) {
	r := newSQLiteRoom(t)
	a := r.put("a", "ferry")
	r.once()
	r.engine.taken()
	r.put("b", "harbour")
	r.erase(a)
	ctx, kill := context.WithCancelCause(t.Context())
	r.engine.set(func() {
		r.engine.answer = func(_ http.ResponseWriter, request *http.Request, _ []byte) bool {
			isCursor := request.Method == http.MethodPut && strings.HasSuffix(request.URL.Path, "/_doc/cursor")
			if isCursor {
				kill(errKilled)
				<-request.Context().Done() // an answer could come first
			}
			return isCursor
		}
	})
	if _, err := Run(ctx, r.options()); !errors.Is(err, errKilled) {
		t.Fatalf("the run ended with %v", err)
	}
	r.has("harbour")
	r.engine.set(func() { r.engine.answer = nil })
	r.once()
	r.has("harbour")
	for action, times := range r.engine.taken() {
		if times != 2 { // once in each run
			t.Errorf("%s was sent %d times", action, times)
		}
	}
}

func TestALoadContinuesAfterItsLastPage(t *testing.T) {
	r := newSQLiteRoom(t)
	const more = 30
	var all []*datelinev1.Article
	for i := range batchItems + more {
		all = append(all, newArticle(fmt.Sprint("article-", i), fmt.Sprintf("t%04d", i)))
	}
	r.storeOnly(all...)
	ctx, interrupt := context.WithCancel(t.Context())
	options := r.options()
	options.Progress = func(_ int, last bool) { // before the cursor notes the page
		if last {
			interrupt()
		}
	}
	if _, err := Run(ctx, options); err != nil {
		t.Fatal(err)
	}
	r.engine.taken()
	if got := r.once(); got != (Summary{Put: more}) {
		t.Errorf("the last run: %+v", got)
	}
	if got := len(strings.Fields(r.engine.titles())); got != len(all) {
		t.Errorf("the index has %d articles", got)
	}
}

func TestAnErasureDuringTheLoadWins(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		a := r.put("a", "ferry")
		r.put("b", "harbour")
		erased := false
		r.engine.set(func() {
			r.engine.answer = func(_ http.ResponseWriter, request *http.Request, _ []byte) bool {
				if strings.HasSuffix(request.URL.Path, "/_bulk") && !erased {
					erased = true
					r.erase(a) // after the load has read it
				}
				return false
			}
		})
		r.once()
		r.has("harbour")
		if r.engine.taken()["index "+a.GetId()] != 1 {
			t.Error("the article was not sent before it was deleted")
		}
	})
}

func TestALoadRemovesWhatTheStoreDoesNotHave(t *testing.T) {
	r := newSQLiteRoom(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		r.put(name, "old-"+name)
	}
	r.once()
	r.engine.set(func() { // a document of the user
		r.engine.indexes["articles"]["mine"] = stored{source: []byte(`{"record":{"title":"mine"}}`)}
	})
	if err := r.js.DeleteStream(t.Context(), subject.StreamRevisions); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, r.js, topology.Limits{})
	r.put("f", "new")
	options := r.options()
	r.store = newSQLiteRoom(t).store // restored from a backup, with fewer articles and revisions
	r.storeOnly(newArticle("a", "restored"))
	options.Articles = r.store
	if _, err := Run(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	r.has("mine restored")
}

func TestRevisionsThatTheStreamHasDroppedCauseALoad(t *testing.T) {
	r := newSQLiteRoom(t)
	r.put("a", "ferry")
	r.once()
	r.put("b", "harbour")
	stream, err := r.js.Stream(t.Context(), subject.StreamRevisions)
	if err == nil {
		err = stream.Purge(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	r.put("c", "strike")
	r.once()
	r.has("ferry harbour strike")
}

func TestAnIndexThatWasRemovedIsLoadedAgain(t *testing.T) {
	r := newSQLiteRoom(t)
	r.put("a", "ferry")
	r.once()
	r.engine.set(func() { delete(r.engine.indexes, "articles") })
	r.once()
	r.has("ferry")
}

func TestReloadSendsEveryArticleAgain(t *testing.T) {
	r := newSQLiteRoom(t)
	r.put("a", "ferry")
	r.once()
	options := r.options()
	options.Reload = true
	for range 2 {
		if got, err := Run(t.Context(), options); err != nil || got != (Summary{Put: 1}) {
			t.Errorf("loading again: %+v, %v", got, err)
		}
	}
	r.has("ferry")
}

func TestAnArticleThatTheStoreDoesNotHaveIsDeleted(t *testing.T) {
	r := newSQLiteRoom(t)
	a := r.put("a", "ferry")
	r.once()
	r.erase(a)
	r.announce(datelinev1.RevisionChange_REVISION_CHANGE_CHANGED, a) // published late
	r.once()
	r.has("")
}

func TestTheEarlierIDOfAJoinedArticleIsDeleted(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		moved := r.put("old", "ferry")
		r.once()
		joined := newArticle("new", "ferry")
		joined.RequestedUrl = moved.GetCanonicalUrl()
		r.storeOnly(joined)
		if hit, err := r.store.Article(t.Context(), moved.GetId()); err != nil || hit.ID != joined.GetId() {
			t.Fatalf("the articles are not joined: %s, %v", hit.ID, err)
		}
		r.announce(datelinev1.RevisionChange_REVISION_CHANGE_CHANGED, moved)
		if got := r.once(); got != (Summary{Put: 1, Deleted: 1}) {
			t.Errorf("the run: %+v", got)
		}
		r.has("ferry")
		r.erase(joined)
		r.once()
		r.has("")
	})
}

func TestRefusedDocumentsAreLoggedAndSkipped(t *testing.T) {
	r := newSQLiteRoom(t)
	a := r.put("a", "ferry")
	r.put("b", "harbour")
	r.engine.set(func() {
		r.engine.status = func(action string) int {
			if strings.HasSuffix(action, a.GetId()) {
				return http.StatusBadRequest
			}
			return 0
		}
	})
	if got := r.once(); got != (Summary{Put: 1, Refused: 1}) {
		t.Errorf("the run: %+v", got)
	}
	r.has("harbour")
	for _, want := range []string{"document refused", a.GetId(), "made_exception: made by the test"} {
		if !strings.Contains(r.log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, r.log)
		}
	}
}

func TestOnlyBusyItemsAreSentAgain(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusForbidden} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			r := newSQLiteRoom(t)
			a, b := r.put("a", "ferry"), r.put("b", "harbour")
			left := 3
			r.engine.set(func() {
				r.engine.status = func(action string) int {
					if strings.HasSuffix(action, a.GetId()) && left > 0 {
						left--
						return status
					}
					return 0
				}
			})
			if got := r.once(); got != (Summary{Put: 2}) {
				t.Errorf("the run: %+v", got)
			}
			got := r.engine.taken()
			if got["index "+a.GetId()] != 4 || got["index "+b.GetId()] != 1 {
				t.Errorf("the engine got %v", got)
			}
			r.has("ferry harbour")
		})
	}
}

func TestAnEngineThatIsDownIsTriedAgain(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"unavailable": func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
		"no JSON":     func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") },
		"no items":    func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"items":[]}`) },
		"other items": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"items":[{"index":{"_id":"x","status":201}}]}`)
		},
		"empty item":  func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"items":[{}]}`) },
		"endless":     func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat(" ", maxAnswer+1)) },
		"closes":      func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"disk full":   func(w http.ResponseWriter) { http.Error(w, "cluster_block_exception", http.StatusForbidden) },
		"wrong total": func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"total":1}`) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newSQLiteRoom(t)
			r.put("a", "ferry")
			left := 3
			r.engine.answer = func(w http.ResponseWriter, request *http.Request, _ []byte) bool {
				if !strings.HasSuffix(request.URL.Path, "/_bulk") || left == 0 {
					return false
				}
				left--
				answer(w)
				return true
			}
			if got := r.once(); got != (Summary{Put: 1}) {
				t.Errorf("the run: %+v", got)
			}
			r.has("ferry")
		})
	}
}

func TestARunOnceGivesUp(t *testing.T) {
	r := newSQLiteRoom(t)
	r.put("a", "ferry")
	r.engine.Close()
	options := r.options()
	options.Attempts = 3
	if _, err := Run(t.Context(), options); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("the run ended with %v", err)
	}
}

func TestCredentialsThatAreRefusedEndTheRun(t *testing.T) {
	r := newSQLiteRoom(t)
	options := r.options()
	var err error
	options.Target, err = NewOpenSearch(Config{To: r.engine.URL + "/articles", Secret: "wrong:key", AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), options)
	if !errors.Is(err, ErrPermanent) || !strings.Contains(err.Error(), "--secret-file") ||
		strings.Contains(err.Error(), "wrong") {
		t.Errorf("the run ended with %v", err)
	}
}

func TestBatchesThatAreTooLargeAreHalved(t *testing.T) {
	r := newSQLiteRoom(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		r.put(name, name)
	}
	large := newArticle("large", "large")
	large.Text = strings.Repeat("many words ", 1000)
	r.storeOnly(large)
	r.engine.limit = 4 << 10
	if got := r.once(); got != (Summary{Put: 4, Refused: 1}) {
		t.Errorf("the run: %+v", got)
	}
	r.has("a b c d")
}
