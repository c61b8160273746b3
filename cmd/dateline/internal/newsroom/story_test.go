package newsroom

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// story makes the events of the story happen in order, and reads pages of the newsroom.
type story struct {
	*Newsroom

	t      *testing.T
	client *http.Client
	next   int
}

// expect makes the next event happen.
func (s *story) expect(what string, urls, visits int) Event {
	s.t.Helper()
	event, err := s.Story()[s.next]()
	if err != nil {
		s.t.Fatal(err)
	}
	s.next++
	if !strings.Contains(event.What, what) || len(event.URLs) != urls || event.Visits != visits {
		s.t.Errorf("event %d is %+v, want %s with %d URLs and %d visits", s.next, event, what, urls, visits)
	}
	return event
}

// read returns the status of a page, and its text if that is 200.
func (s *story) read(url string) (int, string) {
	s.t.Helper()
	res, err := get(s.t, s.client, url)
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		return res.StatusCode, ""
	}
	return res.StatusCode, parse(s.t, res).text
}

// TestStoryOfAReport has a report published, copied and corrected.
func TestStoryOfAReport(t *testing.T) {
	n, client := start(t)
	s := &story{Newsroom: n, t: t, client: client}
	origins := n.Origins()
	silent := s.expect("The Fenland Post has published nothing", 1, 1)
	if status, _ := s.read(silent.URLs[0]); status != http.StatusServiceUnavailable {
		t.Errorf("the paper that closed answers %d", status)
	}
	if status, _ := s.read(silent.URLs[0] + "robots.txt"); status != http.StatusNotFound {
		t.Errorf("robots.txt of the paper that closed: %d", status)
	}

	report := s.expect("The Harrow Bay Ledger publishes", 1, 1)
	if want := origins[publisher] + "/2026/11/28/harbour-bell-rings-by-itself"; report.URLs[0] != want {
		t.Errorf("the report is at %s, want %s", report.URLs[0], want)
	}
	_, text := s.read(report.URLs[0])
	if !strings.Contains(text, "rang nine times") || !strings.Contains(text, "third night") {
		t.Errorf("the report is %.300s", text)
	}
	first, err := get(t, client, origins[publisher]+feedPath)
	before, _, found := strings.Cut(string(first.body), "harbour-bell-rings-by-itself")
	if err != nil || !found || strings.Contains(before, "ferry-returns") {
		t.Errorf("the feed does not begin with the report: %v, %.600s", err, first.body)
	}

	printed := s.expect("The Old Quay Gazette prints the same report", 1, 1)
	if want := origins[copier] + "/archive/story.asp?id=1107"; printed.URLs[0] != want {
		t.Errorf("the copy is at %s, want %s", printed.URLs[0], want)
	}
	_, text = s.read(printed.URLs[0])
	if !strings.Contains(text, "rang nine times") || !strings.Contains(text, "Bell on the mole keeps its own hours") {
		t.Errorf("the copy is %.300s", text)
	}
	original, duplicate := n.press.find(bell), n.press.find(bell+"-copy")
	if !duplicate.Published.Equal(original.Published.Add(2*time.Hour)) || duplicate.Charset != "windows-1252" {
		t.Errorf("the copy was published at %s in %s", duplicate.Published, duplicate.Charset)
	}

	corrected := s.expect("The Harrow Bay Ledger corrects", 1, 1)
	_, text = s.read(corrected.URLs[0])
	if corrected.URLs[0] != report.URLs[0] || !strings.Contains(text, "rang eleven times") ||
		!strings.Contains(text, "for the fourth night") || strings.Contains(text, "third night") ||
		!strings.Contains(text, "Correction: An earlier version") {
		t.Errorf("the corrected report at %s is %.900s", corrected.URLs[0], text)
	}
	if _, text = s.read(printed.URLs[0]); !strings.Contains(text, "rang nine times") {
		t.Error("the copy was corrected, too")
	}
	if changed := n.press.find(bell); !changed.Modified.Equal(changed.Published.Add(3 * time.Hour)) {
		t.Errorf("the report was changed at %s", changed.Modified)
	}
}

// TestStoryOfPapers has a paper with a new design, and one that falls silent.
func TestStoryOfPapers(t *testing.T) {
	n, client := start(t)
	s := &story{Newsroom: n, t: t, client: client, next: 4} // after the events of the report
	origins := n.Origins()
	public := 0
	for _, a := range n.press.articles[redesigner] {
		if !a.Hidden() {
			public++
		}
	}
	visited := s.expect("Valmère Courier is read as usual", public, visitsOfBaseline)
	dated := n.press.articles[redesigner][0]
	shown := n.press.languages[dated.Lang].date(dated.Published)
	if _, text := s.read(visited.URLs[0]); !strings.Contains(text, shown) {
		t.Errorf("the page lacks the date %s: %.500s", shown, text)
	}
	s.expect("Valmère Courier has a new design", public, visitsOfRedesign)
	if _, text := s.read(visited.URLs[0]); strings.Contains(text, shown) || !strings.Contains(text, dated.Title) {
		t.Errorf("the new design has the date %s, or lacks the title: %.500s", shown, text)
	}

	down := s.expect("صدى الوادي is out of service", len(n.press.articles[silenced]), 1)
	if status, _ := s.read(down.URLs[0]); status != http.StatusServiceUnavailable {
		t.Errorf("a paper out of service answers %d", status)
	}
	if status, _ := s.read(origins[silenced] + "/img/x.png"); status != http.StatusOK {
		t.Errorf("a picture of a paper out of service: %d", status)
	}
	if status, _ := s.read(origins[publisher] + "/"); status != http.StatusOK {
		t.Errorf("another paper answers %d", status)
	}
	if len(n.Story()) != s.next {
		t.Errorf("%d of %d events happened", s.next, len(n.Story()))
	}
}

// TestPages reads the pages that are neither articles nor troubles.
func TestPages(t *testing.T) {
	n, client := start(t)
	origin := n.Origins()["ledger"]
	article := n.press.find(moved)
	var other *Article // of another section
	for _, a := range n.press.articles["ledger"] {
		if a.Section != article.Section && !a.Hidden() {
			other = a
		}
	}
	for path, c := range map[string]struct {
		status        int
		shown, absent string
	}{
		"/":                                    {200, other.Title, "Nothing"},
		"/section/" + article.Section:          {200, article.Title, other.Title},
		"/section/Nothing":                     {404, "", ""},
		"/print/" + printed:                    {200, n.press.find(printed).Title, "Nothing"},
		"/print/none":                          {404, "", ""},
		"/print/" + shared:                     {404, "", ""}, // of another paper
		"/img/a.png":                           {200, "", ""},
		"/img/a.jpg":                           {404, "", ""},
		article.address() + "?utm_source=mail": {200, article.Title, "Nothing"},
		article.address() + "?id=7":            {404, "", ""},
	} {
		res, err := get(t, client, origin+path)
		if err != nil || res.StatusCode != c.status {
			t.Errorf("%s: %v, %v, want %d", path, res.Response, err, c.status)
			continue
		}
		if text := string(res.body); c.shown != "" && (!strings.Contains(text, c.shown) || strings.Contains(text, c.absent)) {
			t.Errorf("%s lacks %q, or has %q", path, c.shown, c.absent)
		}
	}
	for _, paper := range papers {
		for _, a := range n.press.articles[paper.Name] {
			if a.Slug == slow {
				continue
			}
			res, err := get(t, client, n.Origins()[paper.Name]+a.address())
			if err != nil {
				t.Fatal(err)
			}
			changed := a.Published
			if !a.Modified.IsZero() {
				changed = a.Modified
			}
			if got := res.Header.Get("Last-Modified"); got != changed.UTC().Format(http.TimeFormat) {
				t.Errorf("%s was changed at %s, want %s", a.Slug, got, changed.UTC())
			}
			if length := res.Header.Get("Content-Length"); length != "" && length != fmt.Sprint(len(res.body)) {
				t.Errorf("%s has %d bytes, announced %s", a.Slug, len(res.body), length)
			}
		}
	}
	for path, same := range map[string]bool{"/img/a.png": true, "/img/b.png": false} {
		one, err := get(t, client, origin+"/img/a.png")
		if err != nil {
			t.Fatal(err)
		}
		two, err := get(t, client, origin+path)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(two.body))
		if err != nil || picture.Bounds().Dx() != 320 || picture.Bounds().Dy() != 180 ||
			bytes.Equal(one.body, two.body) != same || picture.At(0, 0) == picture.At(0, 179) ||
			picture.At(0, 0) != picture.At(319, 0) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestOrdersOfArticles checks the lists of articles: the newest first, and none that robots.txt disallows.
func TestOrdersOfArticles(t *testing.T) {
	press, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, paper := range papers {
		articles := press.articles[paper.Name]
		if !slices.IsSortedFunc(articles, func(a, b *Article) int { return b.Published.Compare(a.Published) }) {
			t.Errorf("the articles of %s are not in order", paper.Name)
		}
		for i, name := range press.sections(paper) {
			newest := slices.IndexFunc(articles, func(a *Article) bool { return a.Section == name && !a.Hidden() })
			if newest < i {
				t.Errorf("the sections of %s are %q", paper.Name, press.sections(paper))
			}
		}
	}
	count := len(press.longest())
	for name, articles := range press.articles {
		if len(articles) > count {
			t.Errorf("%s has %d articles, more than %d", name, len(articles), count)
		}
	}
	if err := readJSON("none.json", nil); err == nil {
		t.Error("an absent file is read")
	}
	if err := readJSON("layouts/ledger.html", new(string)); err == nil {
		t.Error("a layout is read as JSON")
	}
	if _, err := readArticles(Paper{Name: "none"}); err == nil {
		t.Error("the articles of an absent paper are read")
	}
}

// TestPast checks the outcomes of the paper that closed.
func TestPast(t *testing.T) {
	n, _ := start(t)
	now := time.Date(2026, 3, 31, 23, 30, 0, 0, time.FixedZone("", 2*3600)) // 21:30 UTC
	all := n.Past(now)
	days := map[string]int{}
	ids := map[string]bool{}
	for _, o := range all {
		at := o.GetTime().AsTime()
		days[at.Format(time.DateOnly)]++
		failed := at.Format(time.DateOnly) >= "2026-03-28"
		if (o.GetVerdict() == datelinev1.Verdict_VERDICT_DEAD) != failed ||
			(o.GetStage() == datelinev1.Stage_STAGE_FETCH) != failed || (o.GetDetail() != "") != failed {
			t.Errorf("the outcome at %s is %v", at, o)
		}
		if at.Hour() < firstHour || at.Hour() > lastHour || at.Hour()%2 != 0 || ids[o.GetInputId()] ||
			!strings.HasPrefix(o.GetUrl(), n.closed+at.Format("/2006/01/02/1504")) ||
			o.GetHost() != strings.TrimPrefix(n.closed, "http://") {
			t.Errorf("the outcome at %s is %v", at, o)
		}
		ids[o.GetInputId()] = true
	}
	if len(days) != pastDays+closedDays || days["2026-02-28"] == 0 || days["2026-03-30"] == 0 || days["2026-03-31"] > 0 {
		t.Errorf("the days are %v", days)
	}
}

func TestPiecesOfArticles(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"ja": "onetwo", "en": "one two"} {
		a, err := parseArticle(papers[0], "slug", "lang: "+lang+"\nimage: i | alt | cap\nauthors: A; B\ntags: x; y\n"+
			"place: P\nkicker: K\ncharset: koi8-r\nmodified: 2026-11-02T00:00:00Z\n"+head+"one\ntwo\n\n## H")
		if err != nil || a.Paragraphs()[0] != want || len(a.Paragraphs()) != 1 {
			t.Fatalf("%s: %+v, %v", lang, a, err)
		}
		if *a.Lead != (Image{Name: "i", Alt: "alt", Caption: "cap"}) || !slices.Equal(a.Authors, []string{"A", "B"}) ||
			!slices.Equal(a.Tags, []string{"x", "y"}) || a.Place != "P" || a.Kicker != "K" || a.Charset != "koi8-r" ||
			a.Modified.Day() != 2 || a.Published.Day() != 1 || a.Title != "T" || a.Section != "S" || a.Summary != "U" {
			t.Errorf("%s: %+v", lang, a)
		}
	}
	for _, block := range []string{
		"!related R", "!related R | /r | x", "!embed E | w", "!embed E | w | u | x", "!image i | a",
		"!image i | a | c | d | e",
	} {
		if a, err := parseArticle(papers[0], "slug", head+"P\n\n"+block); err == nil {
			t.Errorf("%s: %+v", block, a.Body)
		}
	}
	for missing := range strings.Lines(strings.TrimSuffix(head, "---\n")) {
		if _, err := parseArticle(papers[0], "slug", strings.Replace(head, missing, "", 1)+"P"); err == nil {
			t.Errorf("an article without %s is accepted", missing)
		}
	}
	for lang, want := range map[string]bool{"ar": true, "fa": true, "ckb": true, "en": false, "": false} {
		if got := (&Article{Lang: lang}).RTL(); got != want {
			t.Errorf("%s is written from right to left: %v", lang, got)
		}
	}
}
