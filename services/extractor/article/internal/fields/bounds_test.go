package fields

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// mustParse returns a parsed address.
func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// The address of a later page is that of the first one with a number added.
func TestAddressesOfPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first, address string
		want           int
	}{
		{"https://a.example/x", "https://a.example/x?page=2", 2},
		{"https://a.example/x?id=7", "https://a.example/x?id=7&page=3", 3},
		{"https://a.example/x", "https://a.example/x/2", 2},
		{"https://a.example/x", "https://a.example/x/page/12", 12},
		{"https://a.example/x", "https://a.example/x-2", 2},
		{"https://a.example/x", "https://a.example/x,2", 2},
		{"https://a.example/x", "https://a.example/x/50", 50},
		{"https://a.example/x", "https://a.example/x/51", 0},
		{"https://a.example/x", "https://a.example/x/0", 0},
		{"https://a.example/x", "https://a.example/x/1", 1},
		{"https://a.example/x", "https://a.example/x/100", 0},
		{"https://a.example/x", "https://a.example/x", 0},
		{"https://a.example/x", "https://a.example/x/y", 0},
		{"https://a.example/x", "https://b.example/x/2", 0},
		{"https://a.example/x.html", "https://a.example/x-2.html", 2},
		{"https://a.example/x.shtml", "https://a.example/x,2.shtml", 2},
		{"https://a.example/x.xhtml5", "https://a.example/x-2.xhtml5", 0},
		{"https://a.example/x.html", "https://a.example/x-2.htm", 0},
		{"https://a.example/x.html", "https://a.example/y-2.html", 0},
		{"https://a.example/x.html?a", "https://a.example/x-2.html?a", 0},
		{"https://a.example", "https://a-2.example", 0},
	} {
		if got := pageAfter(c.first, c.address); got != c.want {
			t.Errorf("%s after %s is page %d, want %d", c.address, c.first, got, c.want)
		}
	}
	for text, want := range map[string]int{"2\n": 2, "": 0, "two": 0, "1": 1, "0": 0, "-1": 0, "50": 50, "51": 0} {
		if got := pageNumber(text); got != want {
			t.Errorf("%q is page %d, want %d", text, got, want)
		}
	}
	for other, want := range map[string]bool{
		"https://a.example/y": true, "http://a.example/x": false, "https://a.example:81/x": false,
		"https://b.example/x": false, "https://a.example/%": false, "%": false,
	} {
		if sameHost("https://a.example/x", other) != want || sameHost(other, "https://a.example/x") != want {
			t.Errorf("%s is on the same host: %v, want %v", other, !want, want)
		}
	}
}

// A declared address is credible only if it can be that of the page.
func TestCredibleAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		own, declared string
		want          bool
	}{
		{"https://a.example/x/old-bridge", "https://a.example/x/old-bridge", true},
		{"https://a.example/x/old-bridge", "https://a.example/y/other", true},
		{"https://a.example/x/old-bridge", "https://a.example/", false},
		{"https://a.example/", "https://a.example/", true},
		{"https://a.example/?id=7", "https://a.example/?id=7", true},
		{"https://a.example/x?id=7", "https://a.example/?id=7", true},
		{"https://a.example/x?id=7", "https://a.example/?id=8", false},
		{"https://a.example/x", "https://a.example/?id=8", false},
		{"https://a.example/x/old-bridge", "https://a.example/x", false},
		{"https://a.example/old-bridge/amp", "https://a.example/old-bridge", true},
		{"https://a.example/old-bridge/x", "https://a.example/old-bridge", true},
		{"https://m.a.example/x/old-bridge", "https://www.a.example/y", true},
		{"https://b.example/x/old-bridge", "https://a.example/y/The-OLD-bridge-2", true},
		{"https://b.example/x/old-bridge", "https://a.example/y/another", false},
		{"https://b.example/", "https://a.example/y/another", false},
	} {
		if got := credible(mustParse(t, c.own), mustParse(t, c.declared)); got != c.want {
			t.Errorf("%s is credible on %s: %v, want %v", c.declared, c.own, got, c.want)
		}
	}
	for declared, want := range map[string]bool{"https://a.example/x": true, "https://a.example/": false} {
		if got := credible(nil, mustParse(t, declared)); got != want {
			t.Errorf("%s is credible in a file: %v, want %v", declared, got, want)
		}
	}
	for path, want := range map[string]string{
		"a/longest.html/b": "longest", "": "", "aa/bb": "aa", "a/bb/cc": "bb", "x.y.z": "x",
	} {
		if got := slug(path); got != want {
			t.Errorf("the slug of %q is %q, want %q", path, got, want)
		}
	}
	for address, want := range map[string]string{
		"https://a.example/x#y": "https://a.example/x", "http://a.example": "http://a.example", "ftp://a.example/": "",
		"https:///x": "", "mailto:a@example": "", "https://a b": "",
	} {
		got := ""
		if u := parseDeclared(address); u != nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("%q is declared as %q, want %q", address, got, want)
		}
	}
}

func TestCountsOfWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 0, "one": 1, "one two": 2, " one,two ": 2, "don't": 1, "don’t": 1, "well-known": 1, "7 of 9": 3, "a1b2": 1,
		"橋は": 2, "a橋b": 3, "東京 2026": 3, "नमस्ते दुनिया": 2, "…": 0, "a–b": 2, "한국어 뉴스": 2,
	} {
		if got := CountWords(text); got != want {
			t.Errorf("%q has %d words, want %d", text, got, want)
		}
	}
	for text, want := range map[string]record.Direction{
		"": record.LeftToRight, "abc": record.LeftToRight, "שלום": record.RightToLeft, "ab שלום": record.RightToLeft,
		"abcd שלום": record.LeftToRight, "abcde שלום": record.LeftToRight, "سلام، 1234567": record.RightToLeft,
		"ߒߞߏ": record.RightToLeft, "ܫܠܡ": record.RightToLeft, "ދިވެހި": record.RightToLeft, "中文": record.LeftToRight,
	} {
		if got := directionOf(text); got != want {
			t.Errorf("%q is written %v, want %v", text, got, want)
		}
	}
}

func TestLanguagesOfTexts(t *testing.T) {
	t.Parallel()
	english := "The council met on Tuesday and it was agreed that the bridge will be closed for a year, but not before " +
		"the end of the summer. It is one of the oldest bridges in the country and has been in use for more than " +
		"a hundred years, the mayor said."
	for _, c := range []struct {
		text, declared, want string
		source               record.Source
	}{
		{english, "", "en", record.FromText},
		{english, "en", "en", record.FromText},
		{english, "de", "en", record.FromText},
		{english[:40], "de", "de", record.FromMeta},
		{"", "sv", "sv", record.FromMeta},
		{"", "", "und", ""},
		{"1234", "", "und", ""},
	} {
		got := languageOf(c.text, c.declared)
		if got.Value != c.want || got.Source != c.source {
			t.Errorf("%.30q declared as %q is %q from %q, want %q from %q", c.text, c.declared, got.Value, got.Source, c.want,
				c.source)
		}
	}
	for pair, want := range map[[2]string]bool{
		{"nb", "da"}: true, {"hr", "sr"}: true, {"id", "ms"}: true, {"cs", "sk"}: true, {"pt", "es"}: true,
		{"fa", "ckb"}: true, {"ru", "bg"}: true, {"tr", "az"}: true, {"hi", "mr"}: true, {"nl", "af"}: true,
		{"zh", "ja"}: true, {"de", "de"}: false, {"en", "de"}: false, {"ru", "ar"}: false, {"", ""}: false,
	} {
		if got := confusable(pair[0], pair[1]); got != want {
			t.Errorf("%v are confused: %v, want %v", pair, got, want)
		}
	}
	for tag, want := range map[string]bool{
		"en": true, "ckb": true, "a": false, "abcd": false, "": false, "e1": false, "EN": false, "az": true, "zz": true,
		"{a": false, "`a": false,
	} {
		if got := isLanguage(tag); got != want {
			t.Errorf("%q is a language: %v, want %v", tag, got, want)
		}
	}
}

// utc returns a time on a day of April 2026 in UTC.
func utc(day, hour, minute int) *dates.Date {
	at := time.Date(2026, 4, day, hour, minute, 0, 0, time.UTC)
	return &dates.Date{Time: at, Precision: dates.Minute, HasZone: true}
}

// local returns a time on a day of April 2026 without a zone.
func local(day, hour, minute int) *dates.Date {
	date := utc(day, hour, minute)
	date.HasZone = false
	return date
}

// offsetOf returns the offset of a date in minutes.
func offsetOf(d *dates.Date) int {
	_, seconds := d.Time.Zone()
	return seconds / 60
}

// Times that are declared in UTC are shown in the zone of the page, if that can be known.
func TestZonesOfPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		declared, shown *dates.Date
		want            int // minutes
	}{
		{utc(20, 9, 0), local(20, 11, 0), 120},
		{utc(20, 9, 0), local(20, 9, 0), 0},
		{utc(20, 9, 0), local(20, 9, 15), 15},
		{utc(20, 9, 0), local(20, 9, 20), 0},
		{utc(20, 9, 0), local(20, 23, 0), 14 * 60},
		{utc(20, 9, 0), local(20, 23, 15), 0},
		{utc(20, 13, 0), local(20, 1, 0), -12 * 60},
		{utc(20, 13, 0), local(20, 0, 45), 0},
		{utc(20, 9, 0), utc(20, 11, 0), 0},
	} {
		got := inZoneOf(c.declared, c.shown)
		if offsetOf(got) != c.want || !got.Time.Equal(c.declared.Time) {
			t.Errorf("%s shown as %s: %s, want the offset %d", c.declared.Time, c.shown.Time, got.Time, c.want)
		}
	}
	for _, c := range []struct {
		declared *dates.Date
		day      int
		want     int // hours
	}{
		{utc(20, 22, 30), 21, 2}, {utc(20, 23, 59), 21, 1}, {utc(20, 11, 0), 21, 13}, {utc(20, 10, 59), 21, 0},
		{utc(20, 2, 30), 19, -3}, {utc(20, 0, 0), 19, -1}, {utc(20, 9, 59), 19, -10}, {utc(20, 10, 0), 19, 0},
		{utc(20, 9, 0), 20, 0}, {utc(20, 9, 0), 22, 0}, {utc(20, 9, 0), 18, 0},
	} {
		got := onDayOf(c.declared, local(c.day, 0, 0))
		if offsetOf(got) != c.want*60 || !got.Time.Equal(c.declared.Time) {
			t.Errorf("%s on day %d: %s, want the offset %d", c.declared.Time, c.day, got.Time, c.want)
		}
	}
	if got := onDayOf(utc(20, 9, 0), nil); offsetOf(got) != 0 {
		t.Errorf("without a day: %s", got.Time)
	}
	for _, c := range []struct {
		a, b *dates.Date
		want bool
	}{
		{utc(20, 9, 0), utc(20, 11, 0), true}, {utc(20, 11, 0), utc(20, 9, 0), true}, {utc(20, 9, 0), utc(20, 9, 0), false},
		{utc(20, 9, 0), utc(20, 9, 20), false}, {utc(20, 9, 0), utc(20, 23, 0), true},
		{utc(20, 9, 0), utc(20, 23, 15), false},
		{utc(20, 9, 0), local(20, 11, 0), false}, {local(20, 9, 0), utc(20, 11, 0), false},
		{utc(20, 9, 0), utc(21, 0, 0), false}, // midnight is a date without a time
	} {
		if got := sameClock(c.a, c.b); got != c.want {
			t.Errorf("%s and %s are the same by other clocks: %v, want %v", c.a.Time, c.b.Time, got, c.want)
		}
	}
}

// Labels of dates are words of their own, close to a number.
func TestLabelsOfDates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"Updated 3 May": 0, "3 May, updated 4 May": 7, "3 May, outdated 4 May": -1, "3 May, updated later": -1,
		"3 May, updated " + strings.Repeat(" ", labelBytes-2) + "4":     7,
		"3 May, updated " + strings.Repeat(" ", labelBytes-1) + "4 May": -1,
	} {
		if got := changedAt(text); got != want {
			t.Errorf("%q is changed at %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]int{
		"Ada Roe, published 3 May": 9, "published 3 May": 0, "Ada Roe, unpublished 3 May": -1, "Ada Roe": -1,
	} {
		if got := publishedAt(text); got != want {
			t.Errorf("%q is published at %d, want %d", text, got, want)
		}
	}
}

func TestNamesOfPersons(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][3]bool{ // plausible, full and plain
		"Ada Roe": {true, true, true}, "Ada": {true, false, false}, "A": {false, false, false}, "Al": {true, false, false},
		"ada roe": {true, false, false}, "Ada Roe Doe Poe": {true, true, true}, "A B C D E": {true, true, false},
		"Ada van Roe": {true, true, true}, "Ada and Roe": {true, true, true}, "ADA ROE": {true, true, false},
		"Ada Roe?": {false, true, false}, "Ada 12 Roe": {true, true, false}, "Ada 123 Roe": {false, true, false},
		"1 Ada": {false, false, false}, "Ada/Roe": {false, false, false}, "A B C D E F G": {true, true, false},
		"A B C D E F G H":                {false, true, false},
		"Ada " + strings.Repeat("o", 56): {true, false, false},
		"Ada " + strings.Repeat("o", 57): {false, false, false},
		"How we reviewed this":           {false, false, false},
		"Instagram didn't exist":         {false, false, false},
		"dpa/mia":                        {true, false, false},
		"About Ada":                      {false, true, false},
		"Creative Commons":               {false, true, true},
		"By Ada Roe":                     {true, true, true},
		"By Ada":                         {true, false, true},
	} {
		got := [3]bool{plausibleName(name), fullName(name), plainName(name)}
		if got != want {
			t.Errorf("%q is plausible, full and plain: %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string]bool{
		"Ada Roe": true, "ADA ROE": true, "ada roe": false, "艾达": true, "Ada": false, "Ada Roe, Editor": false,
	} {
		if got := personLike(name); got != want {
			t.Errorf("%q is like a person: %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string]bool{"Ada": true, "ADA": false, "ada": false, "Ada Roe": false, "艾达": false} {
		if got := firstName(name); got != want {
			t.Errorf("%q is a first name: %v, want %v", name, got, want)
		}
	}
	for account, want := range map[string]bool{
		"jane.roe": true, "jroe2": true, "JaneR": true, "Jane": false, "Jane Roe": false, "jane": false,
	} {
		if got := accountName(record.Author{Name: account}); got != want {
			t.Errorf("%q is an account: %v, want %v", account, got, want)
		}
	}
	if !accountName(record.Author{Name: "Jane", URL: "https://a.example/author/admin/"}) {
		t.Error("the author with the address admin does not count as an account")
	}
}

func TestNamesInBylines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Ada Roe and Ben Doe": "Ada Roe|Ben Doe", "Ada Roe, Ben Doe und Cy Poe": "Ada Roe|Ben Doe|Cy Poe",
		"Ada Roe/AFP": "Ada Roe|AFP", "Ada Roe/XY-Z": "Ada Roe", "Ada Roe/Ben Doe": "Ada Roe|Ben Doe", "Ada/Ben": "Ada/Ben",
		"Ramón y Cajal": "Ramón y Cajal", "Ada Roe y Ben Doe": "Ada Roe|Ben Doe", "Ada Roe y Reuters": "Ada Roe|Reuters",
		"Ada Roe, Staff Writer": "Ada Roe", "Ada Roe, from Old Quay": "Ada Roe", "Ada Roe, Ben": "Ada Roe",
		"Ada Roe, Reuters": "Ada Roe|Reuters", "Ada Roe, Ben de la Doe": "Ada Roe|Ben de la Doe",
		"Ada Roe, Ben Doe Cy Poe Eve": "Ada Roe", "Ada Roe y Ben Doe y Cy Poe": "Ada Roe|Ben Doe|Cy Poe",
	} {
		var got []string
		for _, part := range splitNames(text) {
			got = append(got, strings.TrimSpace(part))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q has the names %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"Ada Roe (Old Quay)": "Ada Roe", "Ada (Addie) Roe": "Ada (Addie) Roe", "(Ada": "(Ada", "Ada Roe | Desk": "Ada Roe",
		"Ada Roe @ada": "Ada Roe", "Ada Roe - Old Quay": "Ada Roe", "Ada Roe – Old Quay": "Ada Roe", "艾达（北京）": "艾达",
		"（北京）艾达": "（北京）艾达",
	} {
		if got := strings.TrimSpace(cutAside(text)); got != want {
			t.Errorf("%q is cut to %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"Ada Roe 3.5.2026": "Ada Roe", "Ada Roe | 3.5.2026": "Ada Roe", "Ada Roe published 3.5.2026": "Ada Roe",
		"Published 3.5.2026 Ada Roe": "Published 3.5.2026 Ada Roe", "Ada 3.5.2026": "Ada 3.5.2026",
		"3.5.2026": "3.5.2026", "Ada Roe": "Ada Roe", "Ada Roe2": "Ada Roe2", "Ada Roe-2026": "Ada Roe",
	} {
		if got := undated(text); got != want {
			t.Errorf("%q without its date is %q, want %q", text, got, want)
		}
	}
	if got := givenNameFirst("Roe, Ada"); got != "Ada Roe" {
		t.Errorf("the name is %q", got)
	}
	for _, name := range []string{"Ada Roe", "Roe, Ada, Dr."} {
		if got := givenNameFirst(name); got != name {
			t.Errorf("%q becomes %q", name, got)
		}
	}
}

// A name that adds nothing to another one is redundant.
func TestRedundantNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, full     string
		declared, want bool
	}{
		{"AR", "Ada Roe", false, true}, {"AR", "Ada Roe", true, true}, {"AD", "Ada Roe", true, false},
		{"Ada Roe Editor", "Ada Roe", true, true}, {"Ada Roester", "Ada Roe", true, true},
		{"Dr Ada Roe", "Ada Roe", true, true},
		{"Ada Roe", "Ada Roe Editor", true, false}, {"Quay", "Ada Roe", false, true}, {"Quay", "Ada Roe", true, false},
		{"former founder of Quay", "Ada Roe", false, true}, {"de la Roe", "Ben Doe", false, false},
		{"University of Quay", "Ada Roe", false, true}, {"University of Quay", "College of Hill", false, false},
		{"Reuters", "Ada Roe", false, false}, {"news desk", "Ada Roe", false, true}, {"news desk", "ada roe", false, false},
		{"Ben Doe", "Ada Roe", false, false}, {"艾达", "Ada Roe", false, false},
	} {
		if got := redundant(c.name, c.full, c.declared); got != c.want {
			t.Errorf("%q beside %q, declared %v, is redundant: %v, want %v", c.name, c.full, c.declared, got, c.want)
		}
	}
	list := []record.Author{{Name: "Ada Roe"}, {Name: "Ben Doe"}}
	for name, c := range map[string]struct {
		other []record.Author
		want  bool
	}{
		"the same": {[]record.Author{{Name: "ben doe"}, {Name: "Ada Roe"}}, true}, "one": {list[:1], false},
		"another": {[]record.Author{{Name: "Ada Roe"}, {Name: "Cy Poe"}}, false},
	} {
		if got := sameNames(list, c.other); got != c.want {
			t.Errorf("%s: the names are the same: %v, want %v", name, got, c.want)
		}
	}
	if got := tidy(list, false); !slices.Equal(got, list) {
		t.Errorf("two names become %v", got)
	}
}
