package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/web"
)

// sendBody sends a body with the operate token and returns the response's status and body.
func (server *testServer) sendBody(t *testing.T, path, contentType, body string) (int, string) {
	t.Helper()
	return server.sendBodyWith(t, operateToken, path, contentType, body)
}

// sendBodyWith is sendBody with another token.
func (server *testServer) sendBodyWith(t *testing.T, token, path, contentType, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", contentType)
	client := http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DisableKeepAlives: true},
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// saved is a saved search in the API.
type saved struct {
	ID, Name, Query string
	Links           []struct{ Name, URL string }
}

func TestSavedSearchesInAPI(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	server.put(t, article("ferry", "Ferry", "It sails.", noon), article("train", "Train", "It runs.", noon))
	const path, contentType = "/api/v1/searches", "application/json"
	const search = `{"name":"Ferry news","query":"q=ferry&language=&section=Coast"}`
	status, body := server.sendBody(t, path, contentType, search)
	one := decode[saved](t, body)
	if status != http.StatusCreated || one.Query != "q=ferry&section=Coast" {
		t.Fatalf("saving: status %d: %s", status, body)
	}
	for body, want := range map[string]int{
		`{"name":"Ferry news","query":"q=x"}`: 409, `{"name":"Bad","query":"since=never"}`: 400,
		`{"name":"","query":""}`: 422,
	} {
		if status, answer := server.sendBody(t, path, contentType, body); status != want {
			t.Errorf("saving %s: status %d, want %d: %s", body, status, want, answer)
		}
	}
	list := decode[[]saved](t, server.get(t, path))
	if len(list) != 1 || list[0].ID != one.ID || len(list[0].Links) != 5 {
		t.Fatalf("saved searches %+v, want the one that was saved with five links", list)
	}
	for _, link := range list[0].Links {
		if got := server.get(t, link.URL); strings.Contains(got, "id-train-0000") {
			t.Errorf("%s has an article that does not match", link.URL)
		}
	}
	if feed := server.get(t, list[0].Links[0].URL); !strings.Contains(feed, ">Ferry news</title>") {
		t.Errorf("the feed does not have the name of the search: %s", feed)
	}
	if status, _, _ := server.request(t, http.MethodDelete, path+"/"+one.ID); status != http.StatusForbidden {
		t.Errorf("deleting without the token: status %d, want 403", status)
	}
	for _, want := range []int{204, 404} {
		status, _, _ := server.request(t, http.MethodDelete, path+"/"+one.ID, "Authorization", "Bearer "+operateToken)
		if status != want {
			t.Errorf("deleting: status %d, want %d", status, want)
		}
	}
}

func TestSavedSearchesOnPage(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	_, _, page := server.request(t, http.MethodGet, "/?q=ferry&section=Coast", "Authorization", "Bearer "+operateToken)
	if !strings.Contains(page, `name="query" value="q=ferry&amp;section=Coast"`) {
		t.Fatal("the page has no form to save the search")
	}
	if strings.Contains(server.get(t, "/?q=ferry"), "Save this search") {
		t.Error("readers see the form to save the search")
	}
	form := url.Values{"name": {"<Ferry>"}, "query": {"q=ferry&section=Coast"}}
	const contentType = "application/x-www-form-urlencoded"
	if status, body := server.sendBody(t, "/searches", contentType, form.Encode()); status != http.StatusSeeOther {
		t.Fatalf("saving: status %d: %s", status, body)
	}
	form.Set("query", "q=train")
	if status, body := server.sendBody(t, "/searches", contentType, form.Encode()); status != http.StatusConflict {
		t.Errorf("saving another search under the same name: status %d: %s", status, body)
	}
	form.Set("query", "since=never")
	if status, _ := server.sendBody(t, "/searches", contentType, form.Encode()); status != http.StatusBadRequest {
		t.Errorf("saving an invalid search: status %d, want 400", status)
	}
	page = server.get(t, "/searches")
	if got := link(t, page, "&lt;Ferry&gt;"); got != "/?q=ferry&section=Coast" {
		t.Errorf("the saved search leads to %s", got)
	}
	id := decode[[]saved](t, server.get(t, "/api/v1/searches"))[0].ID
	if status, body := server.sendBody(t, "/searches/"+id+"/delete", contentType, ""); status != http.StatusSeeOther {
		t.Fatalf("deleting: status %d: %s", status, body)
	}
	if page := server.get(t, "/searches"); !strings.Contains(page, "No searches are saved.") {
		t.Error("the deleted search is still listed")
	}
}

// TestSavingWithoutStore verifies that a failure of the store is not blamed on the request.
func TestSavingWithoutStore(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	db := server.store.SQL().Writer
	if _, err := db.ExecContext(t.Context(), `DROP TABLE saved_searches`); err != nil {
		t.Fatal(err)
	}
	status, body := server.sendBody(t, "/searches", "application/x-www-form-urlencoded", "name=Ferry&query=q%3Dferry")
	if status != http.StatusInternalServerError {
		t.Errorf("saving without the table: status %d, want 500: %s", status, body)
	}
}

// TestSavedSearchesHavePages saves many searches that are as long as possible, and reads
// their pages.
func TestSavedSearchesHavePages(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	query := "q=" + url.QueryEscape(strings.Repeat("\u05d0", 3900)) // each letter becomes six bytes
	const searches = 110
	for i := range searches {
		if _, err := server.store.SaveSearch(t.Context(), fmt.Sprintf("Search %03d", i), query); err != nil {
			t.Fatal(err)
		}
	}
	found, path := 0, "/searches"
	for path != "" {
		page := server.get(t, path)
		found += strings.Count(page, "<h2>")
		if path = ""; strings.Contains(page, "More searches") {
			path = link(t, page[strings.LastIndex(page, "<p class=\"pages\">"):], "More searches")
		}
	}
	if found != searches {
		t.Errorf("the pages have %d searches, want %d", found, searches)
	}
}
