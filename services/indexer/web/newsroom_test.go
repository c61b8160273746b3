package web_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

//go:embed testdata/newsroom.json
var newsroomJSON []byte

// newsroomArticle is an article of the made-up newsroom that the pictures show.
type newsroomArticle struct {
	Name, Host, Site, Language, Direction, Section, Kicker, Author, Title, Summary, Text, Access string
	// Story names the article that this one is a copy of.
	Story string
	Hours int
	Tags  []string
}

// record returns the article's record. text replaces an empty text.
func (n newsroomArticle) record(now time.Time, text string) *datelinev1.Article {
	at := now.Add(-time.Duration(n.Hours) * time.Hour)
	if n.Text != "" {
		text = n.Text
	}
	a := article(n.Name, n.Title, "", at)
	a.Host, a.SiteName, a.Language, a.Section, a.Kicker, a.Tags = n.Host, n.Site, n.Language, n.Section, n.Kicker, n.Tags
	a.CanonicalUrl = "https://" + n.Host + "/" + n.Name
	a.RequestedUrl, a.FinalUrl = a.CanonicalUrl, a.CanonicalUrl
	if n.Hours%4 != 0 { // not every article has a picture
		a.Images = []*datelinev1.Image{{Url: a.GetCanonicalUrl() + ".png", Lead: true}}
	}
	a.Summary, a.Authors = n.Summary, []*datelinev1.Author{{Name: n.Author}}
	a.Text, a.Body, a.ContentHash = "", nil, fmt.Sprintf("%x", n.Title+text)
	if n.Direction == "rtl" {
		a.Direction = datelinev1.Direction_DIRECTION_RTL
	}
	if n.Access == "paywalled" {
		a.Access = datelinev1.Access_ACCESS_PAYWALLED
	}
	var plain []string
	for _, part := range strings.Split(text, "\n\n") {
		block := &datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_PARAGRAPH, Text: part}
		if heading, ok := strings.CutPrefix(part, "## "); ok {
			block.Kind, block.Text, block.Level = datelinev1.BlockKind_BLOCK_KIND_HEADING, heading, 2
		}
		if quote, ok := strings.CutPrefix(part, "> "); ok {
			block.Kind, block.Text = datelinev1.BlockKind_BLOCK_KIND_QUOTE, quote
		}
		a.Body, plain = append(a.Body, block), append(plain, block.GetText())
	}
	a.Text = strings.Join(plain, "\n\n")
	a.WordCount = int32(len(strings.Fields(a.GetText())))
	return a
}

// fillNewsroom stores the articles of the newsroom, two revisions of the first one, three
// weeks of outcomes, and a source that has fallen silent.
func (server *testServer) fillNewsroom(t *testing.T) {
	t.Helper()
	var all []newsroomArticle
	if err := json.Unmarshal(newsroomJSON, &all); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Minute)
	texts := map[string]string{}
	for _, one := range all {
		texts[one.Name] = one.Text
		server.put(t, one.record(now, texts[one.Story]))
	}
	changed := all[0]
	changed.Hours = 1
	changed.Text = strings.ReplaceAll(changed.Text, "nine crowns instead of eight", "nine crowns instead of seven") +
		"\n\nCorrection: an earlier version of this article misstated the former fare."
	server.put(t, changed.record(now, ""))
	server.recordNewsroom(t, all, now)
	server.setRules(t, hosts.Rules{"harbour-post.example": {
		"title": "h1.headline", "authors": ".byline a", "published": "meta[name=pubtime]", "remove": ".newsletter, .promo",
	}})
	server.setDrift(t, "example.harbour-post", "https://harbour-post.example/undated")
	server.fillDiscovery(t, "harbour-post.example", "capital-wire.example", "hill-gazette.example")
	const failing = "https://capital-wire.example/"
	for _, path := range []string{"assembly-votes", "minister-resigns", "budget-annexes"} {
		server.queue(t, failing+path, now.Add(20*time.Minute), now.Add(-40*time.Minute), now.Add(-10*time.Minute))
	}
	server.queue(t, failing+"tax-tables", now)
	server.setHost(t, "example.capital-wire", hosts.Site{
		Until: now.Add(20 * time.Minute), Failures: 12, FailingSince: now.Add(-2 * time.Hour),
		Verdict: &hosts.Robots{
			Access: "rules", Status: 200, Fetched: now.Add(-5 * time.Hour), Expires: now.Add(19 * time.Hour),
		},
	}, hosts.Pause{Length: 10 * time.Second})
	for i, reason := range []string{"tls", "malformed"} {
		server.send(t, subject.Dead(datelinev1.Stage_STAGE_FETCH, reason), fmt.Sprint("dead-", i), &datelinev1.DeadLetter{
			Stage: datelinev1.Stage_STAGE_FETCH, Reason: reason, Attempts: int32(5 * i), Url: failing + "tax-tables",
			Error: "fetching capital-wire.example: " + reason, Subject: "urls", Data: []byte(failing + "tax-tables"),
			Time: timestamppb.New(now.Add(-time.Hour)),
		})
	}
}

// recordNewsroom records three weeks of outcomes: each host publishes most around noon.
func (server *testServer) recordNewsroom(t *testing.T, all []newsroomArticle, now time.Time) {
	t.Helper()
	const hours = 3 * 7 * 24
	var batch []*datelinev1.Outcome
	add := func(host string, n, of int, at time.Time, stage datelinev1.Stage, verdict datelinev1.Verdict, reason string) {
		batch = append(batch, &datelinev1.Outcome{
			Stage: stage, Verdict: verdict, Reason: reason, Host: host, Url: fmt.Sprintf("https://%s/%d-%d", host, at.Unix(), n),
			InputId: fmt.Sprint(host, at.Unix(), stage, n),
			Time:    timestamppb.New(at.Add(time.Duration(n) * time.Hour / time.Duration(of))),
		})
	}
	seen := map[string]int{}
	for _, one := range all {
		if _, ok := seen[one.Host]; !ok {
			seen[one.Host] = len(seen)
		}
	}
	for hour := range hours {
		at := now.Truncate(time.Hour).Add(time.Duration(hour+1-hours) * time.Hour)
		day := 1 + math.Sin(float64(at.Hour()-6)/24*2*math.Pi)
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			day /= 2
		}
		for host, i := range seen {
			requests := int(day*float64(5-i/2)+float64((hour*7+i*3)%5)/4) / (1 + i/3)
			silent := host == "capital-wire.example" && hour > hours-50
			for n := range requests {
				add(host, n, requests, at, datelinev1.Stage_STAGE_INTAKE, datelinev1.Verdict_VERDICT_PRODUCED, "")
				if silent {
					add(host, n, requests, at, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_REJECTED, "forbidden")
					continue
				}
				if (hour*5+n*11+i)%23 == 0 {
					add(host, n, requests, at, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_DEAD, "timeout")
					continue
				}
				add(host, n, requests, at, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_PRODUCED, "")
				add(host, n, requests, at, datelinev1.Stage_STAGE_EXTRACT, datelinev1.Verdict_VERDICT_PRODUCED, "")
				add(host, n, requests, at, datelinev1.Stage_STAGE_INDEX, datelinev1.Verdict_VERDICT_PRODUCED, "new")
			}
		}
	}
	server.record(t, batch)
}
