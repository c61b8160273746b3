package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	pastBatch = 200
	pastHosts = 2000
	perHour   = 1000
	// Each copyEvery-th article is a copy of the one before, and each changeEvery-th
	// was changed after its publication.
	copyEvery, changeEvery = 12, 20
)

// past is the articles of the last weeks: 1,000 an hour until the last midnight in UTC.
// The article with a number is the same in each run of a day.
type past struct {
	total        int
	words        int // the median length of a text
	outcomeEvery int // each outcomeEvery-th article has outcomes
	end          time.Time
}

func newPast(b *testing.B) *past {
	b.Helper()
	return &past{
		total: number(b, "DATELINE_SCALE", 5000), words: number(b, "DATELINE_WORDS", 350),
		outcomeEvery: number(b, "DATELINE_OUTCOMES", 1), end: time.Now().UTC().Truncate(24 * time.Hour),
	}
}

// sample returns the number of an article that is neither a copy nor copied.
func (p *past) sample(n int) int { return (n*7919%(p.total/copyEvery))*copyEvery + 3 }

// copied returns the number of an article that has a copy, and changed of one with two
// revisions.
func (p *past) copied(n int) int  { return (n*7919%(p.total/copyEvery))*copyEvery + copyEvery - 2 }
func (p *past) changed(n int) int { return n * 7919 % (p.total / changeEvery) * changeEvery }

var (
	syllables = strings.Fields("ka lo mi ru te na so be di fu pa we")
	endings   = []string{"", "", "s", "ed", "", "ing", "", "er"}
	languages = strings.Fields("en de en fr en es en ar zh")
)

// pseudoword returns a number as a word.
func pseudoword(number uint64) string {
	ending := endings[number%uint64(len(endings))]
	word := ""
	for number++; number > 0; number /= uint64(len(syllables)) {
		word += syllables[number%uint64(len(syllables))]
	}
	return word + ending
}

func hostName(n int) string { return fmt.Sprintf("host-%d.example.com", n) }

// writer writes texts in which the frequencies of words follow Zipf's law.
type writer struct {
	*rand.Rand
	zipf *rand.Zipf
}

func newWriter(seed uint64) writer {
	random := rand.New(rand.NewPCG(seed, 7))
	return writer{random, rand.NewZipf(random, 1.1, 8, 60_000)}
}

func (w writer) words(count int) string {
	words := make([]string, count)
	for i := range words {
		words[i] = pseudoword(w.zipf.Uint64())
	}
	return strings.Join(words, " ")
}

// article returns the article with a number. Its length is distributed like that of news:
// if the median is 350 words, one article in twenty has more than 1,100.
func (p *past) article(n int) *datelinev1.Article {
	text := n
	if n%copyEvery == copyEvery-1 {
		text--
	}
	own, shared := newWriter(uint64(n)), newWriter(uint64(text)<<32|1)
	at := p.end.Add(-time.Duration(p.total-n) * time.Hour / perHour)
	host := hostName(int(float64(pastHosts) * math.Pow(own.Float64(), 3)))
	url := fmt.Sprintf("https://%s/%s/%d", host, at.Format("2006/01/02"), n)
	digest := sha256.Sum256([]byte(url)) // so that ids are not in the order of time
	a := &datelinev1.Article{
		Id: hex.EncodeToString(digest[:16]), CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: host,
		SiteName: "The Example of " + host[:strings.IndexByte(host, '.')], Language: languages[own.IntN(len(languages))],
		Title: shared.words(9), Summary: shared.words(25), Section: fmt.Sprintf("Section %d", own.IntN(20)),
		Tags:      []string{own.words(1), own.words(1)},
		Authors:   []*datelinev1.Author{{Name: fmt.Sprintf("Author %d", own.IntN(5000))}},
		FetchTime: timestamppb.New(at), ExtractTime: timestamppb.New(at), RequestId: fmt.Sprint("request-", n),
		ContentHash: fmt.Sprintf("%064x", n),
		Published: &datelinev1.PublicationTime{
			Value:     timestamppb.New(at.Add(-time.Duration(own.IntN(7200)) * time.Second)),
			Precision: datelinev1.TimePrecision_TIME_PRECISION_MINUTE,
		},
		Provenance: map[string]*datelinev1.Provenance{
			"title": {Source: datelinev1.FieldSource_FIELD_SOURCE_JSON_LD, Confidence: 0.97},
		},
	}
	count := int(float64(p.words) * math.Exp(0.7*shared.NormFloat64()))
	a.WordCount = int32(min(max(count, p.words/6), 12*p.words))
	for left := int(a.GetWordCount()); left > 0; left -= 55 {
		a.Body = append(a.Body, &datelinev1.Block{
			Kind: datelinev1.BlockKind_BLOCK_KIND_PARAGRAPH, Text: shared.words(min(left, 55)),
		})
	}
	a.Text = textOf(a)
	return a
}

func textOf(a *datelinev1.Article) string {
	var paragraphs []string
	for _, block := range a.GetBody() {
		paragraphs = append(paragraphs, block.GetText())
	}
	return strings.Join(paragraphs, "\n\n")
}

// revised returns the next revision of an article.
func revised(a *datelinev1.Article) *datelinev1.Article {
	b := proto.CloneOf(a)
	at := a.GetFetchTime().AsTime().Add(time.Hour)
	b.FetchTime, b.ExtractTime = timestamppb.New(at), timestamppb.New(at)
	b.ContentHash = "f" + a.GetContentHash()[1:]
	b.Body[0].Text += " " + newWriter(uint64(len(a.GetText()))).words(12)
	b.Text = textOf(b)
	return b
}

// outcomes returns the outcomes of an article's URL at each stage, and of a URL that
// failed for each 25th.
func outcomes(a *datelinev1.Article, n int) []*datelinev1.Outcome {
	var all []*datelinev1.Outcome
	add := func(stage datelinev1.Stage, verdict datelinev1.Verdict, reason, suffix string) {
		all = append(all, &datelinev1.Outcome{
			Stage: stage, Verdict: verdict, Reason: reason, Host: a.GetHost(), Url: a.GetCanonicalUrl() + suffix,
			RequestId: a.GetRequestId() + suffix, InputId: fmt.Sprint(stage, "-", n, suffix), Time: a.GetFetchTime(),
		})
	}
	add(datelinev1.Stage_STAGE_INTAKE, datelinev1.Verdict_VERDICT_PRODUCED, "", "")
	add(datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_PRODUCED, "", "")
	add(datelinev1.Stage_STAGE_EXTRACT, datelinev1.Verdict_VERDICT_PRODUCED, "", "")
	add(datelinev1.Stage_STAGE_INDEX, datelinev1.Verdict_VERDICT_PRODUCED, "new", "")
	if n%25 == 0 {
		add(datelinev1.Stage_STAGE_INTAKE, datelinev1.Verdict_VERDICT_PRODUCED, "", "/gone")
		add(datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_REJECTED, "not_found", "/gone")
	}
	return all
}

// fill stores the articles that the store lacks, their outcomes, and 20 saved searches.
func (p *past) fill(b *testing.B, s store.Store) {
	b.Helper()
	size, err := s.Size(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	for from := int(size.Articles); from < p.total; from += pastBatch {
		p.put(b, s, from, min(from+pastBatch, p.total))
		if from%20_000 < pastBatch {
			b.Logf("%9d articles after %v", from, time.Since(start).Round(time.Second))
		}
	}
	for more := true; more; {
		if more, err = s.RollUp(b.Context(), time.Now()); err != nil {
			b.Fatal(err)
		}
	}
	saved, err := s.SavedSearches(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for n := len(saved); n < 20; n++ {
		if _, err := s.SaveSearch(b.Context(), fmt.Sprint("Search ", n), "q="+pseudoword(uint64(n))); err != nil {
			b.Fatal(err)
		}
	}
}

func (p *past) put(b *testing.B, s store.Store, from, until int) {
	b.Helper()
	var articles, changes []*datelinev1.Article
	var ends []*datelinev1.Outcome
	for n := from; n < until; n++ {
		a := p.article(n)
		articles = append(articles, a)
		if n%changeEvery == 0 {
			changes = append(changes, revised(a))
		}
		if n%p.outcomeEvery == 0 {
			ends = append(ends, outcomes(a, n)...)
		}
	}
	for _, batch := range [][]*datelinev1.Article{articles, changes} {
		results, err := s.Put(b.Context(), batch)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range results {
			if r.Err != nil {
				b.Fatal(r.Err)
			}
		}
	}
	if err := s.Record(b.Context(), ends); err != nil {
		b.Fatal(err)
	}
}
