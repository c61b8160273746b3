package languages_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/corpus"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestLanguagesAreFound extracts real pages in some twenty languages, stores
// them, and asks for each by words of its own text: two words of the headline
// in capitals, two that stand close to one another, the beginning of a long word,
// where a script has no spaces, two and four characters out of a longer run, and a
// noun without its Arabic article.
// Each must be among what is found, in every script. What it logs says how many
// articles there are in each language, and which of the languages that matter most
// have none.
//
// The pages are not part of the project: DATELINE_CORPUS names the folder of sets.
func TestLanguagesAreFound(t *testing.T) {
	folder := cmp.Or(os.Getenv("DATELINE_CORPUS"), filepath.Join("..", "..", "..", "..", "..", "shared", "corpus"))
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		t.Skipf("no corpus at %s: set DATELINE_CORPUS to a folder of sets to run this test", folder)
	}
	pages, err := corpus.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var stored []*datelinev1.Article
	for _, name := range []string{"mediacloud-dates", "fundus-dev"} {
		set, err := pages.Set(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range set.Pages() {
			body, err := page.HTML()
			if err != nil {
				t.Fatal(err)
			}
			a, err := article.Extract(t.Context(), article.Page{URL: page.URL, Body: body}, article.Options{})
			if err != nil || a.Title == "" {
				continue // whether a page has an article is the extractor's concern
			}
			n := len(stored)
			stored = append(stored, &datelinev1.Article{
				Id: fmt.Sprintf("id-%06d", n), CanonicalUrl: fmt.Sprintf("https://example.com/%d", n), Title: a.Title, Text: a.Text, Summary: a.Summary,
				Language: a.Language, ContentHash: a.ContentHash, FetchTime: timestamppb.New(time.Unix(int64(n)*60, 0)),
			})
		}
	}
	if _, err := s.Put(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 3))
	type tally struct{ asked, found, articles, hits int }
	byLanguage := map[string]*tally{}
	ask := func(a *datelinev1.Article, text string) {
		language, _, _ := strings.Cut(a.GetLanguage(), "-")
		if byLanguage[language] == nil {
			byLanguage[language] = &tally{}
		}
		n := byLanguage[language]
		page, err := s.Search(t.Context(), store.Query{Text: text, Limit: 1000, WithoutSnippets: true})
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		n.asked++
		n.hits += len(page.Hits)
		if slices.ContainsFunc(page.Hits, func(h store.Hit) bool { return h.ID == a.GetId() }) {
			n.found++
		} else {
			t.Errorf("%s: %q does not find %q", a.GetLanguage(), text, a.GetTitle())
		}
	}
	for _, a := range stored {
		title := plainWords(a.GetTitle())
		if len(title) >= 2 {
			i, j := random.IntN(len(title)), random.IntN(len(title))
			ask(a, strings.ToUpper(title[i])+" "+strings.ToUpper(title[j]))
		}
		body := plainWords(a.GetText())
		if len(body) < 20 {
			continue
		}
		at := random.IntN(len(body) - 3)
		ask(a, body[at]+" "+body[at+2])
		for _, word := range body {
			if letters := []rune(word); len(letters) >= 7 && unicode.IsLetter(letters[0]) {
				ask(a, string(letters[:5])+"*")
				break
			}
		}
		for _, word := range body {
			// Latin words within such a run are words, and not to be cut.
			end := strings.IndexFunc(word, func(r rune) bool {
				return !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) && r != 'ー'
			})
			if end < 0 {
				end = len(word)
			}
			if run := []rune(word[:end]); len(run) >= 6 {
				at := 1 + random.IntN(len(run)-5)
				ask(a, string(run[at:at+2]))
				ask(a, string(run[at:at+4]))
				break
			}
		}
		for _, word := range body { // the noun is meant, with and without the Arabic article
			if rest, found := strings.CutPrefix(word, "ال"); found && len([]rune(rest)) >= 4 {
				ask(a, rest)
				break
			}
		}
		language, _, _ := strings.Cut(a.GetLanguage(), "-")
		byLanguage[language].articles++
	}
	for _, language := range strings.Fields("ar ckb ku fa tr ru de fr zh ja") {
		if byLanguage[language] == nil {
			t.Logf("no article in %s: the language is not measured", language)
		}
	}
	var lines []string
	for language, n := range byLanguage {
		lines = append(lines, fmt.Sprintf("%-4s %3d articles, %3d queries, %3d found, %.1f hits a query", language, n.articles, n.asked, n.found, float64(n.hits)/float64(n.asked)))
	}
	slices.Sort(lines)
	t.Logf("%d articles\n%s", len(stored), strings.Join(lines, "\n"))
}

// plainWords are the words of a text as people would type them.
func plainWords(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) && r != '\u200c'
	})
}
