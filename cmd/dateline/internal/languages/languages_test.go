package languages_test

import (
	"fmt"
	"math/rand/v2"
	"os"
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
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestLanguagesAreFound extracts real pages in some twenty languages, stores them, and
// searches for each article by words of its text: two words of the headline in upper
// case, two words of the text that are close to each other, a prefix of a long word, two
// and four characters from the middle of a run in scripts without spaces, and a noun
// without its Arabic article. Every query must find its article. The log lists the number
// of articles per language, and important languages without articles.
//
// The pages are not part of the project: DATELINE_CORPUS names the folder of sets.
func TestLanguagesAreFound(t *testing.T) {
	folder := os.Getenv("DATELINE_CORPUS")
	if folder == "" {
		t.Skip("DATELINE_CORPUS is not set: \"make corpus\" runs this test on the folder of its sets")
	}
	s, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	articles := extractArticles(t, folder)
	if _, err := s.Put(t.Context(), articles); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 3))
	results := tally{}
	for _, a := range articles {
		counts := results.of(a)
		for _, text := range queries(a, random) {
			page, err := s.Search(t.Context(), store.Query{Text: text, Limit: 1000, WithoutSnippets: true})
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			counts.queries++
			counts.hits += len(page.Hits)
			if slices.ContainsFunc(page.Hits, func(h store.Hit) bool { return h.ID == a.GetId() }) {
				counts.found++
			} else {
				t.Errorf("%s: %q does not find %q", a.GetLanguage(), text, a.GetTitle())
			}
		}
		if len(plainWords(a.GetText())) >= minWords {
			counts.articles++
		}
	}
	results.log(t, len(articles))
}

// extractArticles extracts the articles of two sets of the corpus.
func extractArticles(t *testing.T, folder string) []*datelinev1.Article {
	t.Helper()
	pages, err := corpus.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	var articles []*datelinev1.Article
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
				continue // the extractor's own tests cover whether a page has an article
			}
			n := len(articles)
			articles = append(articles, &datelinev1.Article{
				Id: fmt.Sprintf("id-%06d", n), CanonicalUrl: fmt.Sprintf("https://example.com/%d", n),
				Title: a.Title, Text: a.Text, Summary: a.Summary, Language: a.Language, ContentHash: a.ContentHash,
				FetchTime: timestamppb.New(time.Unix(int64(n)*60, 0)),
			})
		}
	}
	return articles
}

// minWords is the minimum number of words of a text that is searched for.
const minWords = 20

// queries returns queries that must find an article.
func queries(a *datelinev1.Article, random *rand.Rand) []string {
	var all []string
	if title := plainWords(a.GetTitle()); len(title) >= 2 {
		i, j := random.IntN(len(title)), random.IntN(len(title))
		all = append(all, strings.ToUpper(title[i])+" "+strings.ToUpper(title[j]))
	}
	body := plainWords(a.GetText())
	if len(body) < minWords {
		return all
	}
	at := random.IntN(len(body) - 3)
	all = append(all, body[at]+" "+body[at+2])
	for _, word := range body {
		if letters := []rune(word); len(letters) >= 7 && unicode.IsLetter(letters[0]) {
			all = append(all, string(letters[:5])+"*")
			break
		}
	}
	for _, word := range body {
		if run := spacelessRun(word); len(run) >= 6 {
			at := 1 + random.IntN(len(run)-5)
			all = append(all, strings.Join(run[at:at+2], ""), strings.Join(run[at:at+4], ""))
			break
		}
	}
	for _, word := range body {
		// People search for the noun with and without the Arabic article.
		if noun, found := strings.CutPrefix(word, "ال"); found && len([]rune(noun)) >= 4 {
			all = append(all, noun)
			break
		}
	}
	return all
}

// spacelessRun returns the characters at the start of a word that are in a script
// without spaces. A character keeps its vowel signs and tone marks: nobody types one
// without them. Latin words within such a run are words of their own.
func spacelessRun(word string) []string {
	end := strings.IndexFunc(word, func(r rune) bool {
		return !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) && r != 'ー'
	})
	if end < 0 {
		end = len(word)
	}
	var run []string
	for _, r := range word[:end] {
		if unicode.IsMark(r) && len(run) > 0 {
			run[len(run)-1] += string(r)
		} else {
			run = append(run, string(r))
		}
	}
	return run
}

// plainWords returns the words of a text as people would type them.
func plainWords(text string) []string {
	const zeroWidthNonJoiner = '\u200c'
	return strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) && r != zeroWidthNonJoiner
	})
}

// counts contains the numbers of articles and queries in a language.
type counts struct{ queries, found, articles, hits int }

// tally contains the counts by language.
type tally map[string]*counts

// of returns the counts of an article's language.
func (n tally) of(a *datelinev1.Article) *counts {
	language, _, _ := strings.Cut(a.GetLanguage(), "-")
	if n[language] == nil {
		n[language] = &counts{}
	}
	return n[language]
}

func (n tally) log(t *testing.T, articles int) {
	t.Helper()
	for _, language := range strings.Fields("ar ckb ku fa tr ru de fr zh ja") {
		if n[language] == nil {
			t.Logf("no article in %s: the language is not tested", language)
		}
	}
	var lines []string
	for language, c := range n {
		lines = append(lines, fmt.Sprintf("%-4s %3d articles, %3d queries, %3d found, %.1f hits per query",
			language, c.articles, c.queries, c.found, float64(c.hits)/float64(max(1, c.queries))))
	}
	slices.Sort(lines)
	t.Logf("%d articles\n%s", articles, strings.Join(lines, "\n"))
}
