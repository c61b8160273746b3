package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testSearch(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, harbourArticles()...)
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
		`"report a"`:                     {}, // headline and summary
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
}

const harbourText = "The old lighthouse keeper doesn't sleep. Ships AND boats return."

// harbourArticles returns the articles harbour, market and café, newest first.
func harbourArticles() []*datelinev1.Article {
	harbour := article("harbour", "Harbour master's report", harbourText, after(3))
	harbour.Summary, harbour.Section = "A long night", "Coast"
	harbour.Authors = []*datelinev1.Author{{Name: "Maria Vance"}, {Name: "Otto Brandt"}}
	harbour.Tags = []string{"sea", "state-owned"}
	return []*datelinev1.Article{
		harbour,
		article("market", "Market report", "Keeper of the old market. Not a lighthouse.", after(2)),
		article("café", "Café", "Naïve façade in Zürich, STRASSE, Øresund.", after(1)),
	}
}

func testMatches(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, harbourArticles()...)
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
	if snippet.Text != harbourText {
		t.Errorf("snippet %q, want %q", snippet.Text, harbourText)
	}
	if got := strings.Join(marked, "|"); got != "lighthouse keeper|Ships" {
		t.Errorf("snippet marks %q, want lighthouse keeper|Ships", got)
	}
}

func testQueryBounds(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, harbourArticles()...)
	_, err := s.Search(t.Context(), store.Query{Text: strings.Repeat("word ", 65)})
	if !errors.Is(err, store.ErrQuery) || !strings.Contains(err.Error(), "64") {
		t.Errorf("searching for 65 words: error %v, want ErrQuery with the limit of 64", err)
	}
	if got := find(t, s, strings.Repeat("report ", 64)); len(got) != 2 {
		t.Errorf("searching for 64 words finds %v, want two articles", got)
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
		"persian":  "دولت می\u200cخواهد کتابخانه\u200cهای تازه بسازد",
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
		"حكومة مياه":         "arabic", // without the definite article and the preposition
		"\"حكومة في بغداد\"": "arabic",
		"می\u200cخواهد":      "persian",
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
	// The index has words without the Arabic article, which a short prefix still has.
	names := find(t, s, "الحك*")
	slices.Sort(names)
	wantNames(t, "الحك*", names, "arabic", "kurdish")
}

// testForms checks that a word matches its other forms in the article's language,
// and in quotes only itself.
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
		"unknown":   {"", "The elections of a language that is not declared."},
		"name":      {"en", "Peter Wahl wrote it."},
	} {
		a := article(name, "", text[1], noon)
		a.Language = text[0]
		put(t, s, a)
	}
	for query, want := range map[string]string{
		"election":       "english french", // the same word in both
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
		"francaise":      "french", // without the accents
		"поезд":          "russian",
		"поездов выбор":  "russian",
		"seçim":          "turkish",
		"انتخاب":         "arabic",
		"ferge":          "norwegian",
		"ferge OR поезд": "norwegian russian",
		"≈elect":         "english french", // the sign of stems has no meaning in a query
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
		t.Errorf("snippet %q marks %q, want elections and ferries", got.Text, marked)
	}
}
