package article_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// TestLimitsOfPages extracts pages just at each limit and one beyond. Limits that are not positive are the usual ones.
func TestLimitsOfPages(t *testing.T) {
	t.Parallel()
	page := pageWith(strings.Repeat(paragraph, 4))
	tags := strings.Count(page, "<") - strings.Count(page, "</")
	for name, c := range map[string]struct {
		options article.Options
		want    article.Reason
	}{
		"usual":              {article.Options{}, ""},
		"not positive":       {article.Options{MaxDecodedBytes: -1, MaxRatio: -1, MaxNodes: -1}, ""},
		"as long as allowed": {article.Options{MaxDecodedBytes: len(page)}, ""},
		"too long":           {article.Options{MaxDecodedBytes: len(page) - 1}, article.ReasonTooLarge},
		"as many tags":       {article.Options{MaxNodes: tags}, ""},
		"too many tags":      {article.Options{MaxNodes: tags - 1}, article.ReasonTooLarge},
	} {
		a, err := article.Extract(t.Context(), article.Page{Body: []byte(page)}, c.options)
		if article.ReasonOf(err) != c.want || (a != nil) != (c.want == "") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		rules, err := article.NewRules(article.SiteRules{Hosts: []string{"a.example"}, Title: "h1"})
		if err != nil {
			t.Fatal(err)
		}
		tried := article.Page{URL: "https://a.example/x", Body: []byte(page)}
		if _, err := rules.Try(tried, c.options); article.ReasonOf(err) != c.want {
			t.Errorf("%s: trying rules: error %v, want %q", name, err, c.want)
		}
		if text, err := article.Decode(tried, c.options); c.want == "" && (err != nil || string(text) != page) {
			t.Errorf("%s: decoded %d of %d bytes, %v", name, len(text), len(page), err)
		}
	}
	err := &article.Error{Message: "too long", Err: errors.New("cause")}
	if err.Error() != "too long: cause" || !errors.Is(err, err.Err) || (&article.Error{Message: "m"}).Error() != "m" {
		t.Errorf("the error is %v", err)
	}
}

// ending is a context that ends after a number of looks.
type ending struct {
	context.Context

	looks int
}

func (e *ending) Err() error {
	if e.looks--; e.looks < 0 {
		return context.Canceled
	}
	return nil
}

// TestEndWhileExtracting ends the context before and after the page is parsed.
func TestEndWhileExtracting(t *testing.T) {
	t.Parallel()
	page := article.Page{URL: "https://a.example/x", Body: []byte(pageWith(strings.Repeat(paragraph, 4)))}
	for looks, want := range map[int]bool{0: false, 1: false, 2: true} {
		a, err := article.Extract(&ending{t.Context(), looks}, page, article.Options{})
		if (err == nil) != want || (a != nil) != want || !want && (!errors.Is(err, context.Canceled) ||
			!strings.Contains(err.Error(), page.URL)) {
			t.Errorf("after %d looks: %v, %v", looks, a, err)
		}
	}
}

// TestPrecisionOfTimes has times with and without seconds and zone.
func TestPrecisionOfTimes(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]article.Timestamp{
		"2025-04-20":                {Value: "2025-04-20", Precision: article.PrecisionDay},
		"2025-04-20 09:30":          {Value: "2025-04-20T09:30:00", Precision: article.PrecisionMinute},
		"2025-04-20T09:30+03:00":    {Value: "2025-04-20T09:30:00+03:00", Precision: article.PrecisionMinute, HasZone: true},
		"2025-04-20T09:30:15Z":      {Value: "2025-04-20T09:30:15Z", Precision: article.PrecisionSecond, HasZone: true},
		"2025-04-20T09:30:15":       {Value: "2025-04-20T09:30:15", Precision: article.PrecisionSecond},
		"2025-04-20T09:30:15-02:30": {Value: "2025-04-20T09:30:15-02:30", Precision: article.PrecisionSecond, HasZone: true},
	} {
		head := `<head><meta property="article:published_time" content="` + content + `">`
		page := strings.Replace(pageWith(strings.Repeat(paragraph, 4)), "<head>", head, 1)
		a := extract(t, article.Page{Body: []byte(page)})
		got := *a.Published
		got.Time = time.Time{}
		if got != want || a.Modified != nil {
			t.Errorf("%s is %+v, want %+v; modified %v", content, got, want, a.Modified)
		}
	}
}

// TestFilesOfRules reads a folder with files of each kind. Rules of a subdomain take precedence.
func TestFilesOfRules(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	long := "hosts: [long.example]\ntitle: h3\n#"
	rules, err := article.ReadRules(fstest.MapFS{
		"a.yaml": {Data: []byte("hosts: [a.example, B.example]\ntitle: h1\nbody: .b\n---\n" +
			"hosts: [x.a.example]\ntitle: h2\n")},
		"c.yml": {Data: []byte("hosts: [c.example]\nmodified: .m\nkicker: .k\nsection: .s\nsummary: .u\n")},
		"d.txt": {Data: []byte("hosts: [d.example]\ntitle: h1\n")}, "empty.yaml": {},
		"long.yaml": {Data: []byte(long + strings.Repeat("x", limit-len(long)))},
	})
	if err != nil {
		t.Fatal(err)
	}
	all := rules.Selectors()
	if len(all) != 5 || all["a.example"]["title"] != "h1" || all["b.example"]["body"] != ".b" ||
		len(all["c.example"]) != 4 || all["c.example"]["modified"] != ".m" ||
		all["x.a.example"]["title"] != "h2" || all["long.example"]["title"] != "h3" {
		t.Errorf("the rules are %v", all)
	}
	for host, want := range map[string]string{
		"a.example": "h1", "www.a.example": "h1", "x.a.example": "h2", "y.X.A.example": "h2", "aa.example": "", "example": "",
		"b.example:8080": "h1", "d.example": "",
	} {
		page := article.Page{URL: "https://" + host + "/", Body: []byte(pageWith(strings.Repeat(paragraph, 4)))}
		matches, err := rules.Try(page, article.Options{})
		selected := slices.ContainsFunc(matches, func(m article.RuleMatch) bool {
			return m.Field == "title" && m.Selector == want
		})
		if (err == nil) != (want != "") || selected != (want != "") {
			t.Errorf("%s has the rules %+v, %v; want the title %q", host, matches, err, want)
		}
	}
	var none *article.Rules
	if len(none.Selectors()) != 0 {
		t.Error("no rules have selectors")
	}
	if _, err := none.Try(article.Page{URL: "https://a.example/"}, article.Options{}); err == nil {
		t.Error("no rules are tried")
	}
	if _, err := rules.Try(article.Page{URL: "https://a b/"}, article.Options{}); err == nil {
		t.Error("rules apply to an invalid address")
	}
	_, err = article.ReadRules(fstest.MapFS{"dir.yaml/x": {}})
	if err == nil || !strings.Contains(err.Error(), "dir.yaml") {
		t.Errorf("a folder is read as a file: %v", err)
	}
	value := strings.Repeat("é", 150)
	matched, err := article.NewRules(article.SiteRules{Hosts: []string{"a.example"}, Title: "h2"})
	if err != nil {
		t.Fatal(err)
	}
	body := pageWith("<h2>" + value + "</h2><h2>second</h2>" + paragraph)
	matches, err := matched.Try(article.Page{URL: "https://a.example/", Body: []byte(body)}, article.Options{})
	if err != nil || len(matches) != 1 || matches[0].Matches != 2 || matches[0].Value != value[:200] {
		t.Errorf("the matches are %+v, %v", matches, err)
	}
}

// TestOverlay marks the lines of a page that contains scripts.
func TestOverlay(t *testing.T) {
	t.Parallel()
	body := pageWith(`<p onclick="x()"><a href=" JavaScript:x()">Menu</a></p><iframe src=/f srcdoc=x></iframe>` +
		`<meta http-equiv=refresh content="0;url=/x"><noscript>none</noscript><object data=/o></object>` +
		strings.Repeat(paragraph, 4) + `<script>run()</script>`)
	page := article.Page{URL: "https://a.example/x", Body: []byte(body)}
	explained, err := article.Explain(t.Context(), page, article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := explained.WriteOverlay(&b); err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]int{
		"run()": 0, "<iframe": 0, "<object": 0, "refresh": 0, "onclick": 0, "JavaScript": 0, "<noscript": 0,
		`<base href="https://a.example/x"/>`: 1, "Content-Security-Policy": 1, `id="dateline-legend"`: 1,
		`data-dateline="body`: 4, "<style>": 1, `<meta charset="utf-8"/>`: 1,
	} {
		if got := strings.Count(b.String(), part); got != want {
			t.Errorf("the overlay has %s %d times, want %d: %s", part, got, want, b.String())
		}
	}
	explained, err = article.Explain(t.Context(), article.Page{Body: []byte(body)}, article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := explained.WriteOverlay(fullDisk{}); err == nil {
		t.Error("a write that failed is not reported")
	}
}

// fullDisk is a file on a disk without space.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }
