package store_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// hostileTexts are values that have a meaning in the syntax of a database, or that a
// database cannot store.
var hostileTexts = []string{
	`"`, `""`, `"a`, `a"b"c`, `'`, `''`, `'; DROP TABLE articles; --`, `"; DROP TABLE articles; --`, `\`, `\\'`,
	`NEAR`, `NEAR(ferry boat)`, `NEAR("ferry" "boat", 99999999999999999999)`, `ferry NEAR/2 boat`, `^ferry`,
	`ferry*`, `*`, `**`, `* ferry`, `f*`, `title:ferry`, `title : ferry`, `{title body}: ferry`, `- {title}:x`, `:`,
	`(`, `)`, `(ferry`, `ferry)`, `((ferry) AND (NOT boat))`, `ferry AND`, `NOT ferry`, `OR`, `-`, `--`, `-ferry`,
	`&`, `|`, `!`, `<->`, `<99999>`, `:*`, `ferry & boat | !sea`, `ferry <-> boat`, `ferry:*ABCD`, `!!ferry`, `ferry:*`,
	`%`, `_`, `%%`, `fe_ry`, `fer%`, `$1`, `?1`, `:name`, `@name`, `$$`, `/* x */`, "-- x\n",
	"\x00", "ferry\x00", "\x00ferry boat", "fer\x00ry", "\xff", "\xff\xfeferry", "ferry\xc3",
	"\xed\xa0\x80", "\xf8\x88\x80\x80\x80",
	"\ufffe", "\uffff", "\U0010ffff", "\u202e", "\u200b", "\ufeff", "\r\n\t\v\f", "\x1b[31m", "\x1a",
	"99999999999999999999999999999999999999", "-9223372036854775808", "1e999", "NaN", "Infinity", "0x7fffffffffffffff",
	strings.Repeat("ferry ", 10_000), strings.Repeat("-ferry ", 10_000), strings.Repeat("ferry OR ", 10_000),
	strings.Repeat(`"ferry boat" `, 10_000), strings.Repeat("ferry-", 10_000), strings.Repeat("北", 10_000),
	strings.Repeat("f", 100_000), strings.Repeat("f", 100_000) + "*", strings.Repeat("\u0301", 10_000),
	strings.Repeat(`"`, 10_001), strings.Repeat("(", 10_000), strings.Repeat(`\`, 10_000), strings.Repeat("9", 10_000),
}

// testHostileQueries checks that no value of a query reaches the database as syntax:
// each gives a page or ErrQuery.
func testHostileQueries(t *testing.T, b backend) {
	s := b.open(t)
	ferry := article("ferry", "Ferry", "The ferry and the boat.", noon)
	put(t, s, ferry)
	for _, text := range hostileTexts {
		value := store.Filter{
			Hosts: []string{text}, Languages: []string{text}, Sections: []string{text}, Authors: []string{text},
			Tags: []string{text}, Labels: []string{text},
		}
		for _, q := range []store.Query{
			{Text: text}, {Text: text, ByRank: true}, {Text: "ferry " + text, Limit: math.MaxInt},
			{Text: "-" + text, Filter: store.Filter{Hosts: []string{"example.com"}}, ByRank: true},
			{Filter: value}, {Text: "ferry", Filter: value, ByRank: true}, {After: text}, {Text: "ferry", After: text},
			{Filter: store.Filter{Access: []datelinev1.Access{math.MaxInt32, math.MinInt32, -1}}},
		} {
			_, err := s.Search(t.Context(), q)
			wantPageOrErrQuery(t, fmt.Sprintf("searching for %.80q", fmt.Sprintf("%+v", q)), err)
			_, err = s.Facets(t.Context(), q)
			wantPageOrErrQuery(t, fmt.Sprintf("counting %.80q", fmt.Sprintf("%+v", q)), err)
		}
	}
	many := slices.Repeat([]string{"example.com", "%"}, 5_000)
	wantNames(t, "10,000 hosts", names(t, s, store.Query{Filter: store.Filter{Hosts: many}}), "ferry")
	for _, host := range []string{"%", "example_com", "exampl%", "example.com' OR '1'='1"} {
		wantNames(t, host, names(t, s, store.Query{Filter: store.Filter{Hosts: []string{host}}}))
	}
	wantNames(t, "ferry", find(t, s, "ferry"), "ferry")
	wantArticle(t, s, "id-ferry", ferry)
}

func wantPageOrErrQuery(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, store.ErrQuery) {
		t.Errorf("%s: error %v, want none or ErrQuery", what, err)
	}
}

// testForgedCursors checks that a cursor that no page can have had is refused, and
// that any other one returns a page after its position.
func testForgedCursors(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, article("a", "Ferry", "ferry", noon), article("b", "Ferry", "ferry", after(1)))
	byTime, byRank := store.Query{Text: "ferry", Limit: 1}, store.Query{Text: "ferry", ByRank: true, Limit: 1}
	next := func(q store.Query) string {
		page, err := s.Search(t.Context(), q)
		if err != nil || page.Next == "" {
			t.Fatalf("first page: %+v, %v; want a cursor", page, err)
		}
		return page.Next
	}
	ofTime, ofRank := next(byTime), next(byRank)
	encoded := func(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }
	for _, c := range []struct {
		query  store.Query
		cursor string
	}{
		{byTime, ofRank}, {byRank, ofTime}, {store.Query{ByRank: true}, ofRank},
		{byTime, ofTime[:len(ofTime)/2]}, {byTime, ofTime[1:]}, {byRank, ofRank[:len(ofRank)-2]},
		{byTime, ofTime + "="},
		{byTime, encoded(`{"n":-9223372036854775808}`)}, {byRank, encoded(`{"r":true,"n":-9223372036854775808}`)},
		{byTime, encoded(`{"n":9223372036854775808}`)}, {byRank, encoded(`{"r":true,"k":1e999,"n":1}`)},
		{byTime, encoded(`{"t":9223372036854775807,"n":1}`)}, {byTime, encoded(`{"t":-9223372036854775808,"n":1}`)},
		{byTime, encoded(`{"t":253402300800,"n":1}`)}, {byTime, encoded(`{"t":-62135596801,"n":1}`)},
		{byTime, encoded(`{"n":"1"}`)}, {byTime, encoded(`{"n":1.5}`)}, {byTime, encoded(`[]`)}, {byTime, " "},
	} {
		q := c.query
		q.After = c.cursor
		if page, err := s.Search(t.Context(), q); !errors.Is(err, store.ErrQuery) {
			t.Errorf("cursor %q: %d hits, %v; want ErrQuery", c.cursor, len(page.Hits), err)
		}
	}
	for _, c := range []struct {
		query  store.Query
		cursor string
		want   []string
	}{
		{byTime, encoded(`{"t":253402300799,"n":9223372036854775807}`), []string{"b"}},
		{byTime, encoded(`{"t":-62135596800,"n":-9223372036854775807}`), nil},
		{byRank, encoded(`{"r":true,"k":-1e308,"n":9223372036854775807}`), []string{"b"}},
		{byRank, encoded(`{"r":true,"k":1e308,"n":-9223372036854775807}`), nil},
		{byTime, ofTime, []string{"a"}},
		{byRank, ofRank, []string{"a"}},
	} {
		q := c.query
		q.After = c.cursor
		wantNames(t, "cursor "+c.cursor, names(t, s, q), c.want...)
	}
}

// testHostileNames checks that a name that is not stored is not found, whatever it
// contains. Names are repaired as Put and Record repair them.
func testHostileNames(t *testing.T, b backend) {
	s := b.open(t)
	ctx := t.Context()
	put(t, s, article("ferry", "Ferry", "The ferry.", noon))
	outcome := &datelinev1.Outcome{
		Stage: datelinev1.Stage_STAGE_FETCH, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, InputId: "input",
		Url: "https://example.com/ferry", RequestId: "bad\xff\xfeid", Host: "example.com",
	}
	if err := s.Record(ctx, []*datelinev1.Outcome{outcome}); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(hostileTexts, "id-ferr%", "id-ferr_", "________") {
		if hit, err := s.Article(ctx, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("article %.80q: %v, %v; want ErrNotFound", name, hit.ID, err)
		}
		if erasure, err := s.Erase(ctx, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("erasing %.80q: %v, %v; want ErrNotFound", name, erasure.ID, err)
		}
		revisions, err1 := s.Revisions(ctx, name)
		members, err2 := s.Story(ctx, name)
		outcomes, err3 := s.Outcomes(ctx, name)
		ofRequest, err4 := s.RequestOutcomes(ctx, []string{name, name})
		hours, err5 := s.Hours(ctx, name, time.Time{})
		sources, err6 := s.Sources(ctx, store.SourceQuery{Host: name, Limit: 10})
		if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
			t.Errorf("reading %.80q: %v", name, err)
		}
		if n := len(revisions) + len(members) + len(outcomes) + len(ofRequest) + len(hours) + len(sources); n > 0 {
			t.Errorf("reading %.80q: %d results, want none", name, n)
		}
		if _, err := s.Sources(ctx, store.SourceQuery{After: name, Limit: math.MaxInt}); err != nil {
			t.Errorf("sources after %.80q: %v", name, err)
		}
	}
	if found, err := s.RequestOutcomes(ctx, []string{"bad\xff\xfeid"}); err != nil || len(found) != 1 {
		t.Errorf("outcomes of a request with invalid UTF-8: %v, %v; want its outcome", found, err)
	}
	if found, err := s.Hours(ctx, "example\x00.com", noon.AddDate(-100, 0, 0)); err != nil || len(found) == 0 {
		t.Errorf("hours of a host with a NUL byte: %v, %v; want those of the host", found, err)
	}
	found, err := s.Sources(ctx, store.SourceQuery{Host: "example.com\x00", Limit: 1})
	if err != nil || len(found) != 1 {
		t.Errorf("source with a NUL byte: %v, %v; want the source", found, err)
	}
	wantNames(t, "ferry", find(t, s, "ferry"), "ferry")
}

// testHostileTimes checks that the earliest and the latest times that a caller can
// write select nothing or everything.
func testHostileTimes(t *testing.T, b backend) {
	s := b.open(t)
	ctx := t.Context()
	put(t, s, article("ferry", "Ferry", "The ferry.", noon))
	early := []time.Time{
		time.Date(-1, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	late := []time.Time{
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(10_000, 1, 1, 23, 59, 0, 0, time.UTC),
	}
	for _, at := range slices.Concat(early, late) {
		var none, all []string
		if all = []string{"ferry"}; at.After(noon) {
			none, all = all, none
		}
		wantNames(t, fmt.Sprint("from ", at.Unix()), names(t, s, store.Query{Filter: store.Filter{From: at}}), all...)
		got := names(t, s, store.Query{Filter: store.Filter{Before: at}})
		wantNames(t, fmt.Sprint("before ", at.Unix()), got, none...)
		_, err1 := s.Hours(ctx, "", at)
		_, err2 := s.Sources(ctx, store.SourceQuery{Since: at, At: at, Limit: 1})
		_, err3 := s.SourceStates(ctx, at)
		_, err4 := s.Outstanding(ctx, datelinev1.Stage_STAGE_EXTRACT, at, at)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Errorf("reading at %d: %v", at.Unix(), err)
		}
	}
}
