package evaluation

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// Page is the result for one page.
type Page struct {
	Truth Truth
	Got   *article.Article // nil if Err is set
	Err   error
	Body  Match
	Parse time.Duration // CPU time of html.Parse
	Whole time.Duration // CPU time of the extraction
	// Allocated is the memory that the extraction allocated, in bytes.
	Allocated uint64
	// Misses are the fields that are wrong.
	Misses []Miss
}

// Miss is a field with a wrong value.
type Miss struct{ Field, Got, Want string }

// Share counts how often something was the case, such as that a field was right, and how
// often it was looked at.
type Share struct{ Right, Of int }

// Value returns the share, or 0 if nothing was counted.
func (s Share) Value() float64 { return float64(s.Right) / float64(max(s.Of, 1)) }

func (s *Share) add(right bool) {
	s.Of++
	if right {
		s.Right++
	}
}

// Result is the result for a set.
type Result struct {
	Pages                 []Page
	Bodies                int // number of pages with a known body
	Precision, Recall, F1 float64
	// F1Error is the standard error of F1 that is due to the choice of pages.
	F1Error                     float64
	Exact, Title, Authors, Date Share
	ParseTime, ExtractTime      time.Duration
	// Slowest is the highest ratio, over the pages, of the CPU time of extraction to
	// that of html.Parse.
	Slowest   float64
	SlowestID string
	Refused   int // number of pages that yielded no article
	Snippets  Snippets
	// First counts the pages whose first required snippet is in the text.
	First Share
	// ArticlesRefused counts the articles that yielded none, and ListsAccepted the lists
	// of articles that yielded one.
	ArticlesRefused, ListsAccepted Share

	Allocated   uint64 // memory that extraction allocated for all pages, in bytes
	Calibration Calibration
}

// Extractor is a function that is measured.
type Extractor func(context.Context, article.Page) (*article.Article, error)

// Selection selects what Run measures.
type Selection struct {
	// Extract is the function to measure. Nil means article.Extract.
	Extract Extractor
	// Want reports whether a page is measured. Nil means all pages.
	Want func(*Truth) bool
	// Progress, if set, is called before each page with the number of pages done.
	Progress func(done, all int)
}

// Run extracts the selected pages of the set in a directory and measures the result.
func Run(ctx context.Context, set string, choose Selection) (*Result, error) {
	truths, err := ReadTruth(set)
	if err != nil {
		return nil, err
	}
	if choose.Extract == nil {
		choose.Extract = func(ctx context.Context, page article.Page) (*article.Article, error) {
			return article.Extract(ctx, page, article.Options{})
		}
	}
	res := &Result{}
	var matches []Match
	for i, t := range truths {
		if choose.Progress != nil {
			choose.Progress(i, len(truths))
		}
		if choose.Want != nil && !choose.Want(&t) {
			continue
		}
		raw, err := ReadPage(set, t.ID)
		if err != nil {
			return nil, err
		}
		p, err := measure(ctx, choose.Extract, t, raw)
		if err != nil {
			return nil, err
		}
		if t.Body != "" {
			matches = append(matches, p.Body)
			res.Exact.add(p.Body.Exact)
		}
		res.count(p)
		res.Pages = append(res.Pages, *p)
	}
	res.Bodies = len(matches)
	res.Precision, res.Recall, res.F1 = Mean(matches)
	res.F1Error = bootstrapError(matches)
	return res, nil
}

const (
	// remeasureRatio is the ratio of extraction to parsing from which a page is
	// measured twice more, because a high ratio of a few milliseconds is mostly noise.
	remeasureRatio = 4
	// minParse is the CPU time of html.Parse below which a page is too small to be
	// reported as the slowest.
	minParse = 500 * time.Microsecond
)

// measure extracts a page and compares its body with the truth.
func measure(ctx context.Context, extract Extractor, t Truth, raw []byte) (*Page, error) {
	p := &Page{Truth: t}
	for round := range 3 {
		parse, whole, err := p.once(ctx, extract, raw)
		if err != nil {
			return nil, fmt.Errorf("measuring %s: %w", t.ID, err)
		}
		if round == 0 {
			p.Parse, p.Whole = parse, whole
		}
		p.Parse, p.Whole = min(p.Parse, parse), min(p.Whole, whole)
		if whole < remeasureRatio*parse {
			break
		}
	}
	text := ""
	if p.Got != nil {
		text = p.Got.Text
	}
	p.Body = Best(text, &t)
	return p, nil
}

// once parses and extracts a page and returns the CPU time of each.
func (p *Page) once(ctx context.Context, extract Extractor, raw []byte) (parse, whole time.Duration, err error) {
	start := cpuTime()
	if _, err := html.Parse(bytes.NewReader(raw)); err != nil && ctx.Err() != nil {
		return 0, 0, ctx.Err()
	}
	parse = cpuTime() - start
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start = cpuTime()
	p.Got, p.Err = extract(ctx, article.Page{URL: p.Truth.URL, Body: raw})
	whole = cpuTime() - start
	runtime.ReadMemStats(&after)
	p.Allocated = after.TotalAlloc - before.TotalAlloc
	return parse, whole, ctx.Err()
}

// Best returns the best match of a text with a body that the truth accepts.
func Best(text string, t *Truth) Match {
	var best Match
	for _, w := range t.accepted() {
		if m := Compare(text, w); best == (Match{}) || m.F1() > best.F1() {
			best = m
		}
	}
	return best
}

// count adds a page to the result and records its misses.
func (res *Result) count(p *Page) {
	res.ParseTime += p.Parse
	res.ExtractTime += p.Whole
	res.Allocated += p.Allocated
	if ratio := float64(p.Whole) / float64(max(p.Parse, 1)); ratio > res.Slowest && p.Parse > minParse {
		res.Slowest, res.SlowestID = ratio, p.Truth.ID
	}
	got := p.Got
	if got == nil {
		res.Refused++
		got = &article.Article{}
	}
	res.countKind(p)
	res.countSnippets(p)
	t := &p.Truth
	judge := func(share *Share, field string, right bool, gave, want any) {
		share.add(right)
		if from, given := got.Provenance[field]; given {
			res.Calibration.add(from.Confidence, right)
		}
		if !right {
			p.Misses = append(p.Misses, Miss{Field: field, Got: fmt.Sprint(gave), Want: fmt.Sprint(want)})
		}
	}
	if t.Title != "" {
		judge(&res.Title, "title", normal(got.Title) == normal(t.Title), got.Title, t.Title)
	}
	if t.Authors != nil {
		judge(&res.Authors, "authors", sameAuthors(got.Authors, *t.Authors), got.Authors, *t.Authors)
	}
	if t.Published != "" {
		day := ""
		if got.Published != nil {
			day = got.Published.Value
		}
		judge(&res.Date, "published", sameDay(got.Published, t.Published), day, t.Published)
	}
}

// plainForms replaces typographic characters and removes invisible ones.
var plainForms = strings.NewReplacer(
	"’", "'", "‘", "'", "“", "\"", "”", "\"", "–", "-", "—", "-", "\u00a0", " ",
	"\u00ad", "", "\u200b", "", "\u200c", "", "\u200d", "", "\ufeff", "",
)

// normal returns a title or name in the form in which it is compared: with one form of
// spaces, quotes and dashes, and without invisible characters.
func normal(s string) string {
	return strings.Join(strings.Fields(plainForms.Replace(html.UnescapeString(s))), " ")
}

// sameAuthors compares sets of names, ignoring case. A truth with a single string can
// name several authors, separated by commas, semicolons, "&" or "and".
func sameAuthors(got []article.Author, want []string) bool {
	var g, w []string
	for _, a := range got {
		g = append(g, strings.ToLower(normal(a.Name)))
	}
	for _, name := range want {
		w = append(w, strings.ToLower(normal(name)))
	}
	if len(w) == 1 && len(g) > 1 {
		joined := strings.NewReplacer(" and ", ",", " & ", ",").Replace(w[0])
		w = strings.FieldsFunc(joined, func(r rune) bool { return r == ',' || r == ';' })
		for i := range w {
			w[i] = strings.TrimSpace(w[i])
		}
	}
	slices.Sort(g)
	slices.Sort(w)
	return slices.Equal(slices.Compact(g), slices.Compact(w))
}

// sameDay reports whether a time is on the day of the truth, in its own time zone or in
// that of the truth.
func sameDay(got *article.Timestamp, want string) bool {
	if got == nil || len(want) < 10 {
		return false
	}
	if strings.HasPrefix(got.Value, want[:10]) {
		return true
	}
	w, err := time.Parse(time.RFC3339, want)
	return err == nil && got.HasZone && got.Time.In(w.Location()).Format(time.DateOnly) == want[:10]
}

// cpuTime returns the CPU time that this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
