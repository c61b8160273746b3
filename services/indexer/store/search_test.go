package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func testSearch(t *testing.T, b backend) {
	s := b.open(t)
	harbour := article("harbour", "Harbour master's report", "The old lighthouse keeper doesn't sleep. Ships AND boats return.", after(3))
	harbour.Summary, harbour.Section = "A long night", "Coast"
	harbour.Authors = []*datelinev1.Author{{Name: "Maria Vance"}, {Name: "Otto Brandt"}}
	harbour.Tags = []string{"sea", "state-owned"}
	market := article("market", "Market report", "Keeper of the old market. Not a lighthouse.", after(2))
	put(t, s, harbour, market, article("café", "Café", "Naïve façade in Zürich, STRASSE, Øresund.", after(1)))
	for query, want := range map[string][]string{
		"":                               {"harbour", "market", "café"},
		" \t\n":                          {"harbour", "market", "café"},
		"lighthouse":                     {"harbour", "market"},
		"LIGHTHOUSE keeper":              {"harbour", "market"},
		`"lighthouse keeper"`:            {"harbour"},
		`"LightHouse   Keeper" report`:   {"harbour"},
		`"keeper lighthouse"`:            {},
		`“old lighthouse”`:               {"harbour"},
		`"harbour master" "old market"`:  {},
		"doesn't":                        {"harbour"},
		"master's":                       {"harbour"},
		"t doesn":                        {"harbour"},
		"state-owned":                    {"harbour"},
		"vance otto":                     {"harbour"},
		`"maria vance"`:                  {"harbour"},
		`"vance otto"`:                   {}, // two names
		`"report a"`:                     {}, // headline and standfirst
		`"owned the"`:                    {}, // tag and text
		"coast sea night":                {"harbour"},
		"lighthouse -ships":              {"market"},
		`report -"old market"`:           {"harbour"},
		"facade OR ships":                {"harbour", "café"},
		"report facade OR ships":         {"harbour"},
		`"old market" OR "a long night"`: {"harbour", "market"},
		"light*":                         {"harbour", "market"},
		"lighthouse kee* boat*":          {"harbour"},
		"fac* OR boats":                  {"harbour", "café"},
		"zür*":                           {"café"},
		"or":                             {},
		"light":                          {},
		"!!! ...":                        {},
		`""`:                             {},
		"cafe":                           {"café"},
		"CAFÉ":                           {"café"},
		"cafe\u0301":                     {"café"},
		"naive facade":                   {"café"},
		"zurich straße oresund":          {"café"},
		"unknown":                        {},
	} {
		wantNames(t, query, find(t, s, query), want...)
	}

	page, err := s.Search(t.Context(), store.Query{Text: `"lighthouse keeper" ships`})
	hits := page.Hits
	if err != nil || len(hits) != 1 {
		t.Fatalf("%d hits, %v", len(hits), err)
	}
	snippet := hits[0].Snippet
	var marked []string
	for _, m := range snippet.Matches {
		marked = append(marked, snippet.Text[m[0]:m[1]])
	}
	if want := "The old lighthouse keeper doesn't sleep. Ships AND boats return."; snippet.Text != want {
		t.Errorf("snippet %q, want %q", snippet.Text, want)
	}
	if got := strings.Join(marked, "|"); got != "lighthouse keeper|Ships" {
		t.Errorf("marked %q", got)
	}
	if _, err := s.Search(t.Context(), store.Query{Text: strings.Repeat("word ", 65)}); !errors.Is(err, store.ErrQuery) || !strings.Contains(err.Error(), "64") {
		t.Errorf("a query of 65 words gives %v", err)
	}
	if got := find(t, s, strings.Repeat("report ", 64)); len(got) != 2 {
		t.Errorf("a query of 64 words finds %v", got)
	}
}

func testScripts(t *testing.T, b backend) {
	s := b.open(t)
	for name, text := range map[string]string{
		"chinese":  "北京市政府宣布新的地铁线路将于明年开通。",
		"japanese": "東京都は新しいスーパーコンピューターを発表した。",
		"korean":   "서울에서 새로운 지하철 노선이 개통되었다.",
		"thai":     "กรุงเทพมหานครประกาศรถไฟฟ้าสายใหม่",
		"arabic":   "أعلنت الحكومةُ في بَغداد عن خطة جديدة للمـــياه",
		"persian":  "دولت می‌خواهد کتابخانه‌های تازه بسازد",
		"kurdish":  "حکوومەتی هەرێم لە هەولێر پڕۆژەیەکی نوێی ڕاگەیاند",
		"russian":  "Ёлка на Красной площади открыта для всех",
		"turkish":  "İstanbul'da ISPARTA gülü ve çiğ köfte şöleni",
		"hebrew":   "הממשלה הודיעה על תָּכְנִית חדשה",
		"hindi":    "सरकार ने नई रेलवे लाइन की घोषणा की",
		"greek":    "Ο Οδυσσεύς επέστρεψε στην Αθήνα",
	} {
		put(t, s, article(name, "", text, noon))
	}
	for query, want := range map[string]string{
		"北京":                 "chinese",
		"地铁 开通":              "chinese",
		"地铁线路":               "chinese",
		"京北":                 "",
		"東京都":                "japanese",
		"スーパー":               "japanese",
		"コンピューター 発表":         "japanese",
		"서울":                 "korean",
		"지하철":                "korean",
		"รถไฟฟ้า":            "thai",
		"الحكومة":            "arabic",
		"اعلنت بغداد":        "arabic",
		"للمياه":             "arabic",
		"حكومة مياه":         "arabic", // without the article and the particle
		"\"حكومة في بغداد\"": "arabic",
		"می‌خواهد":           "persian",
		"كتابخانه":           "persian",
		"هەولێر":             "kurdish",
		"елка ПЛОЩАДИ":       "russian",
		"istanbul ısparta":   "turkish",
		"ÇİĞ KÖFTE":          "turkish",
		"תכנית":              "hebrew",
		"रेलवे":              "hindi",
		"रलव":                "",
		"οδυσσευς ΑΘΗΝΑ":     "greek",
		"\"Ｏδυσσεύς\" Αθήνα": "",
	} {
		var wanted []string
		if want != "" {
			wanted = []string{want}
		}
		wantNames(t, query, find(t, s, query), wanted...)
	}
}

// testForms: a word finds its forms in each article's language, and in quotes
// itself alone.
func testForms(t *testing.T, b backend) {
	s := b.open(t)
	for name, text := range map[string][2]string{
		"english":   {"en-GB", "The elections were held; the ferries sailed."},
		"german":    {"de", "Die Wahlen in den Ländern beschäftigten die Gerichte."},
		"french":    {"fr", "Les élections françaises ont été reportées."},
		"russian":   {"ru", "Поезда стояли, выборы отложены."},
		"turkish":   {"tr", "Seçimler ertelendi, trenler durdu."},
		"arabic":    {"ar", "أعلنت الحكومة موعد الانتخابات"},
		"norwegian": {"nb", "Fergene lå ved kaiene."},
		"unknown":   {"", "The elections of a language that is not told."},
		"name":      {"en", "Peter Wahl wrote it."},
	} {
		a := article(name, "", text[1], noon)
		a.Language = text[0]
		put(t, s, a)
	}
	for query, want := range map[string]string{
		"election":       "english french", // one word in both
		"electing":       "english french",
		"elections":      "english french unknown",
		"ferry":          "english",
		`"ferry"`:        "",
		`"elections"`:    "english french unknown",
		"ELECT*":         "english french unknown",
		"elec* ferry":    "english",
		"wahl":           "german name",
		`"wahl"`:         "name",
		"wahlen":         "german name",
		`"wahlen"`:       "german",
		"land gericht":   "german",
		"wahl -gericht":  "name",
		"française":      "french",
		"francaise":      "french", // without its sign
		"поезд":          "russian",
		"поездов выбор":  "russian",
		"seçim":          "turkish",
		"انتخاب":         "arabic",
		"ferge":          "norwegian",
		"ferge OR поезд": "norwegian russian",
		"≈elect":         "english french", // a sign that is typed is none
	} {
		found := find(t, s, query)
		slices.Sort(found)
		wanted := strings.Fields(want)
		slices.Sort(wanted)
		wantNames(t, query, found, wanted...)
	}
	page, err := s.Search(t.Context(), store.Query{Text: "ferry election"})
	if err != nil || len(page.Hits) != 1 {
		t.Fatalf("%d hits, %v", len(page.Hits), err)
	}
	got := page.Hits[0].Snippet
	var marked []string
	for _, m := range got.Matches {
		marked = append(marked, got.Text[m[0]:m[1]])
	}
	if strings.Join(marked, "|") != "elections|ferries" {
		t.Errorf("marked %q in %q", marked, got.Text)
	}
}

func testInjections(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, article("a", "Either and or not near", "title body NEAR rowid words", noon))
	for _, query := range []string{
		`'; DROP TABLE articles; --`, `" OR 1=1 --"`, `"" ""`, `"a" ""`, `(`, `)`, `((((`, `a AND`, `or`, `NOT`, `NOT NOT x`,
		`NEAR(a b, 5)`, `title:a`, `{title body}:x`, `a -title:x`, `^a`, `abc*`, `a + b`, `*`, `\`, `\'`, `'\''`, `%`, `_`, `a:b:c`, `-`, `- a`, `--a b`,
		`a & b | !c`, `a <-> b`, `abc:*`, `:A`, `'a':1A`, `$1`, `?1`, `@x`, `;`, "\x00", "\xff\xfe", "a\x00b", `·`, `§0abc`, "\u2028", "🦊",
		"\u0301", "\u0e31", "ﷺ", "½", "²", "a\u200db", strings.Repeat(`"`, 1000), strings.Repeat("(", 10000), "🇹🇷", "\U0010FFFF", "\uE000",
	} {
		if _, err := s.Search(t.Context(), store.Query{Text: query}); err != nil {
			t.Errorf("%q: %v", query, err)
		}
		if _, err := s.Search(t.Context(), store.Query{Text: query, ByRank: true}); err != nil {
			t.Errorf("%q by rank: %v", query, err)
		}
		filter := store.Filter{Hosts: []string{query}, Tags: []string{query, "b"}, Labels: []string{query}}
		if page, err := s.Search(t.Context(), store.Query{Filter: filter}); err != nil || len(page.Hits) > 0 {
			t.Errorf("%q as a filter: %v, %v", query, page, err)
		}
	}
	for query, want := range map[string]string{
		`old "light house`: `the quote before "light house" is not closed`,
		`a OR`:             "OR needs a word on either side",
		`OR a`:             "OR needs a word on either side",
		`a OR OR b`:        "OR needs a word on either side",
		`a OR -b`:          "cannot follow OR",
		`-a -b`:            "only says what to leave out",
		`a*`:               "write at least 3 letters",
	} {
		_, err := s.Search(t.Context(), store.Query{Text: query})
		if !errors.Is(err, store.ErrQuery) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, which should say %q", query, err, want)
		}
		if _, err := s.Facets(t.Context(), store.Query{Text: query}); !errors.Is(err, store.ErrQuery) {
			t.Errorf("%q gives facets, %v", query, err)
		}
	}
	for _, query := range []string{"either AND or", "NOT NEAR", "near(rowid)", "title:body", `"and or not"`, "-absent +near", "eith*"} {
		wantNames(t, query, find(t, s, query), "a")
	}
	for _, query := range []string{"NOT absent", "-body +near", "bo_y", "%"} {
		wantNames(t, query, find(t, s, query))
	}
	wantStats(t, s, 1, 1)
}

func testOrder(t *testing.T, b backend) {
	s := b.open(t)
	published := func(a *datelinev1.Article, at time.Time) *datelinev1.Article {
		a.Published = &datelinev1.PublicationTime{Value: timestamppb.New(at)}
		return a
	}
	filler := strings.Repeat("and much else besides ", 50)
	put(t, s,
		published(article("old", "Tides and storms", "Storms, storms and storms.", after(0)), after(-1000)),
		published(article("new", "Weather", "A storms mention. "+filler, after(0)), after(-1)),
		article("undated", "Weather", "Another storms mention. "+filler, after(-2)),
		published(article("absurd", "Weather", "More storms. "+filler, after(-3)), time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)),
		published(article("ancient", "Weather", "Storms "+filler, after(-1)), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)),
	)
	byTime := []string{"new", "undated", "absurd", "old", "ancient"}
	wantNames(t, "storms", find(t, s, "storms"), byTime...)
	wantNames(t, "", find(t, s, ""), byTime...)
	wantNames(t, "", names(t, s, store.Query{Limit: 2}), "new", "undated")
	wantNames(t, "", names(t, s, store.Query{ByRank: true, Limit: 2}), "new", "undated")
	wantNames(t, "storms", names(t, s, store.Query{Text: "storms", ByRank: true, Limit: 1}), "old")
	// Seeing an article again makes it no newer.
	put(t, s, article("undated", "Weather", "Another storms mention. "+filler, after(5)))
	wantNames(t, "storms", find(t, s, "storms"), byTime...)

	var many []*datelinev1.Article
	for i := range 30 {
		many = append(many, article(fmtName("many", i), "Many", "x", noon))
	}
	put(t, s, many...)
	if got := names(t, s, store.Query{Text: "many"}); len(got) != 20 || got[0] != "many-0029" || got[19] != "many-0010" {
		t.Errorf("without a limit: %q", got)
	}
	if got := names(t, s, store.Query{Text: "many", Limit: -1}); len(got) != 20 {
		t.Errorf("with a negative limit: %q", got)
	}
}

func testIndexFollows(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, article("a", "Harbour", "Ships return.", after(0)))
	put(t, s, article("a", "Port", "Boats return.", after(1)))
	for query, want := range map[string]int{"harbour": 0, "ships": 0, "port boats": 1, "return": 1} {
		if got := find(t, s, query); len(got) != want {
			t.Errorf("%q finds %v after a change", query, got)
		}
	}
	// The content is the same, but its tags are others now.
	tagged := article("a", "Port", "Boats return.", after(2))
	tagged.Tags = []string{"maritime"}
	wantStatuses(t, put(t, s, tagged), store.Unchanged)
	wantNames(t, "maritime", find(t, s, "maritime"), "a")
	put(t, s, article("a", "Port", "Boats return.", after(3)))
	wantNames(t, "maritime", find(t, s, "maritime"))
	wantNames(t, "boats", find(t, s, "boats"), "a")
}

func TestSnippets(t *testing.T) {
	s := reopen(t, sqliteFile(t))
	long := "Start of it. " + strings.Repeat("padding words here. ", 40)
	put(t, s,
		article("middle", "x", long+"Then the\n\nneedle appears.\n\n"+long, after(3)),
		article("none", "needle", long, after(2)),
		article("empty", "needle", "", after(1)),
		article("script", "x", "前略"+strings.Repeat("あいうえお", 20)+"needle 北京市政府。"+strings.Repeat("かきくけこ", 20), after(0)),
	)
	page, err := s.Search(t.Context(), store.Query{Text: "needle"})
	hits := page.Hits
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"the needle appears. Start of it.", "Start of it. padding", "", "needle 北京市政府"} {
		got := hits[i].Snippet
		if !strings.Contains(got.Text, want) || (want == "") != (got.Text == "") || strings.ContainsAny(got.Text, "\n") {
			t.Errorf("snippet %d is %q, want %q in it", i, got.Text, want)
		}
		for _, m := range got.Matches {
			if word := got.Text[m[0]:m[1]]; word != "needle" {
				t.Errorf("snippet %d marks %q", i, word)
			}
		}
		if marks := map[int]int{0: 1, 3: 1}[i]; len(got.Matches) != marks {
			t.Errorf("snippet %d has the matches %v", i, got.Matches)
		}
	}
	for i, want := range []int{0, 1, 1, 0} {
		if got := hits[i].TitleMatches; len(got) != want || want == 1 && got[0] != [2]int{0, len("needle")} {
			t.Errorf("the title of %d matches at %v", i, got)
		}
	}
	if got := hits[0].Snippet.Text; !strings.HasPrefix(got, "… ") || !strings.HasSuffix(got, " …") {
		t.Errorf("the cut snippet %q has no ellipses", got)
	}
	if t.Failed() {
		for _, h := range hits {
			t.Log(fmt.Sprintf("%q", h.Snippet.Text))
		}
	}
}
