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

// Page is how one page came out.
type Page struct {
	Truth Truth
	Got   *article.Article // nil where Err is set
	Err   error
	Body  Match
	Parse time.Duration // CPU time of a bare html.Parse
	Whole time.Duration // CPU time of Extract
	// Allocated is the memory that Extract allocated, in bytes.
	Allocated uint64
	// Misses are the fields that are wrong.
	Misses []Miss
}

// Miss is a field that came out wrong.
type Miss struct{ Field, Got, Want string }

// Share counts how often a field was right.
type Share struct{ Right, Of int }

// Value is the share, or 0 where nothing was counted.
func (s Share) Value() float64 { return float64(s.Right) / float64(max(s.Of, 1)) }

func (s *Share) add(right bool) {
	s.Of++
	if right {
		s.Right++
	}
}

// Result is how a set came out.
type Result struct {
	Pages                 []Page
	Bodies                int
	Precision, Recall, F1 float64
	// F1Error is the standard error of F1 over the choice of pages.
	F1Error                     float64
	Exact, Title, Authors, Date Share
	ParseTime, ExtractTime      time.Duration
	Slowest                     float64 // the highest multiple of its own parse
	SlowestID                   string
	Refused                     int
	Allocated                   uint64 // by Extract over all pages, in bytes
	Calibration                 Calibration
}

// Extractor is what is measured.
type Extractor func(context.Context, article.Page) (*article.Article, error)

// Selection says what of a set is measured.
type Selection struct {
	// Extract is what is measured; nil means article.Extract.
	Extract Extractor
	// Want chooses pages; nil takes all.
	Want func(*Truth) bool
	// Progress, where set, is told after each line of the truth how many of
	// them are behind.
	Progress func(done, all int)
}

// Run extracts the chosen pages of a set and measures the result.
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

// remeasured is the multiple of its parse from which a page is measured twice
// more: a single measurement of a few milliseconds is mostly noise there.
const remeasured = 4

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
		if whole < remeasured*parse {
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

// once parses and extracts a page and says what CPU time each took.
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

// Best compares a text with the bodies that a truth accepts and returns the
// best match.
func Best(text string, t *Truth) Match {
	var best Match
	for _, w := range t.accepted() {
		if m := Compare(text, w); best == (Match{}) || m.F1() > best.F1() {
			best = m
		}
	}
	return best
}

func (res *Result) count(p *Page) {
	res.ParseTime += p.Parse
	res.ExtractTime += p.Whole
	res.Allocated += p.Allocated
	if times := float64(p.Whole) / float64(max(p.Parse, 1)); times > res.Slowest && p.Parse > 500*time.Microsecond {
		res.Slowest, res.SlowestID = times, p.Truth.ID
	}
	got := p.Got
	if got == nil {
		res.Refused++
		got = &article.Article{}
	}
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

// normal is a title as it is compared: white space, quotes and dashes in one
// form, without characters that nobody sees.
func normal(s string) string {
	s = strings.NewReplacer("’", "'", "‘", "'", "“", "\"", "”", "\"", "–", "-", "—", "-", "\u00a0", " ", "\u00ad", "",
		"\u200b", "", "\u200c", "", "\u200d", "", "\ufeff", "").Replace(html.UnescapeString(s))
	return strings.Join(strings.Fields(s), " ")
}

// sameAuthors compares sets of names without regard to case. A truth of one
// string may name several, parted by commas or "and".
func sameAuthors(got []article.Author, want []string) bool {
	var g, w []string
	for _, a := range got {
		g = append(g, strings.ToLower(normal(a.Name)))
	}
	for _, name := range want {
		w = append(w, strings.ToLower(normal(name)))
	}
	if len(w) == 1 && len(g) > 1 {
		w = strings.FieldsFunc(strings.ReplaceAll(strings.ReplaceAll(w[0], " and ", ","), " & ", ","), func(r rune) bool { return r == ',' || r == ';' })
		for i := range w {
			w[i] = strings.TrimSpace(w[i])
		}
	}
	slices.Sort(g)
	slices.Sort(w)
	return slices.Equal(slices.Compact(g), slices.Compact(w))
}

// sameDay compares to the day: in the zone given, or as the same moment's day
// in the truth's zone.
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

// cpuTime is the time that this process has computed.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
