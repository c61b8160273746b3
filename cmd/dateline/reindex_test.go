package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestReindex removes articles from the index of words, and checks that the command reports
// and corrects that, and that it builds the whole index again.
func TestReindex(t *testing.T) {
	t.Parallel()
	site := storySite(t)
	dir := t.TempDir()
	var urls []string
	for number := range 3 {
		urls = append(urls, fmt.Sprintf("%s/story/%d", site.URL, number+1))
	}
	if code, ends := ingest(t, dir, urlFile(t, urls)); code != 0 || len(ends) != len(urls) {
		t.Fatalf("ingesting: exit code %d, %d ends", code, len(ends))
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "articles.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	damage := func(query string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	const removeOne, removeAll = `DELETE FROM article_words WHERE rowid = (SELECT min(row) FROM articles)`,
		`INSERT INTO article_words (article_words) VALUES ('delete-all')`
	for _, step := range []struct {
		damage, flags string
		code          int
		want          string
		found         int
	}{
		{"", "--check", 0, "3 articles compared with the index: nothing to correct", 3},
		{removeOne, "--check", 1, "1 missing or different, 0 entries without an article; \"dateline reindex\" corrects", 2},
		{"", "--json", 0, `{"articles":3,"wrong":1,"extra":0,"unreadable":0,"corrected":true}`, 3},
		{removeAll, "", 0, "3 missing or different, 0 entries without an article; corrected", 3},
		{"", "--all", 0, "3 missing or different", 3},
		{"", "--check --json", 0, `"corrected":false`, 3},
		{"", "--check --all", 2, "", 3},
	} {
		if step.damage != "" {
			damage(step.damage)
		}
		args := append([]string{"reindex", "--data", dir}, strings.Fields(step.flags)...)
		code, out, errs := dateline(t, args...)
		if code != step.code || !strings.Contains(out, step.want) {
			t.Errorf("reindex %s: exit code %d, want %d with %q\n%s%s", step.flags, code, step.code, step.want, out, errs)
		}
		if _, out, _ := dateline(t, "search", "council", "--data", dir); strings.Count(out, "Council report") != step.found {
			t.Errorf("after reindex %s, a search does not find %d articles:\n%s", step.flags, step.found, out)
		}
	}
}
