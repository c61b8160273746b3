package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/dateline-news/dateline/cmd/dateline/internal/follow"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// maxRows bounds the rows of each table that is printed at the end.
const maxRows = 200

// report shows how requests end: as JSON lines at once, or as tables at the
// end with a progress bar, on a terminal, until then.
type report struct {
	out      io.Writer
	asJSON   bool
	bar      *progressbar.ProgressBar
	expected int

	articles, failures           table.Writer
	articleCount, failedCount    int
	seenCount                    int
	started                      time.Time
	shownArticles, shownFailures int
}

func newReport(out, err io.Writer, asJSON bool) *report {
	r := &report{out: out, asJSON: asJSON, started: time.Now()}
	r.articles = newTable(width(out), table.Row{"published", "lang", "words", "site", "headline", "id"})
	r.failures = newTable(width(out), table.Row{"stage", "reason", "URL", "what happened"})
	if isTerminal(err) {
		r.bar = progressbar.NewOptions(1, progressbar.OptionSetWriter(err), progressbar.OptionSetDescription("ingesting"),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(65*time.Millisecond))
	}
	return r
}

// expect says that further requests are to come.
func (r *report) expect(n int) {
	r.expected += n
	if r.bar != nil {
		r.bar.ChangeMax(r.expected)
	}
}

// line is a request's end as JSON.
type line struct {
	URL     string          `json:"url"`
	Verdict string          `json:"verdict"`
	Stage   string          `json:"stage"`
	Reason  string          `json:"reason,omitempty"`
	Detail  string          `json:"detail,omitempty"`
	Attempt int32           `json:"attempt,omitempty"`
	Seen    bool            `json:"seen,omitempty"`
	Article json.RawMessage `json:"article,omitempty"`
}

func (r *report) add(ctx context.Context, articles store.Reader, end follow.End) error {
	if r.bar != nil {
		if err := r.bar.Add(1); err != nil {
			return fmt.Errorf("drawing the progress bar: %w", err)
		}
	}
	var article *datelinev1.Article
	if !end.Failed() {
		hit, err := articles.Article(ctx, end.Outcome.GetOutputId())
		article = hit.Article
		if err != nil {
			return fmt.Errorf("reading the article of %s: %w", end.URL, err)
		}
	}
	r.count(end)
	if r.asJSON {
		return r.addJSON(end, article)
	}
	o := end.Outcome
	switch {
	case article == nil && r.shownFailures < maxRows:
		r.shownFailures++
		r.failures.AppendRow(table.Row{subject.StageName(o.GetStage()), o.GetReason(), end.URL, o.GetDetail()})
	case article != nil && r.shownArticles < maxRows:
		r.shownArticles++
		r.articles.AppendRow(articleRow(article))
	}
	return nil
}

func (r *report) count(end follow.End) {
	if end.Failed() {
		r.failedCount++
	} else {
		r.articleCount++
	}
	if end.Seen {
		r.seenCount++
	}
}

func (r *report) addJSON(end follow.End, article *datelinev1.Article) error {
	o := end.Outcome
	l := line{
		URL: end.URL, Verdict: subject.VerdictName(o.GetVerdict()), Stage: subject.StageName(o.GetStage()),
		Reason: o.GetReason(), Detail: o.GetDetail(), Attempt: o.GetAttempt(), Seen: end.Seen,
	}
	if article != nil {
		data, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(article)
		if err != nil {
			return fmt.Errorf("encoding the article of %s: %w", end.URL, err)
		}
		l.Article = data
	}
	return json.NewEncoder(r.out).Encode(l)
}

// finish prints the tables. Its error says that something failed.
func (r *report) finish() error {
	var err error
	if r.bar != nil {
		err = r.bar.Finish()
	}
	if !r.asJSON {
		r.print()
	}
	if r.failedCount > 0 {
		err = errors.Join(err, errPartly)
	}
	return err
}

func (r *report) print() {
	if r.shownArticles > 0 {
		fmt.Fprintln(r.out, r.articles.Render())
	}
	if more := r.articleCount - r.shownArticles; more > 0 {
		fmt.Fprintf(r.out, "and %d more articles\n", more)
	}
	if r.shownFailures > 0 {
		fmt.Fprintf(r.out, "\n%s\n", r.failures.Render())
	}
	if more := r.failedCount - r.shownFailures; more > 0 {
		fmt.Fprintf(r.out, "and %d more that led to no article\n", more)
	}
	seen := ""
	if r.seenCount > 0 {
		seen = fmt.Sprintf(" (requested before: %d)", r.seenCount)
	}
	fmt.Fprintf(r.out, "\n%d of %d URLs led to an article%s, in %s\n", r.articleCount, r.articleCount+r.failedCount, seen, time.Since(r.started).Round(10*time.Millisecond))
}

func articleRow(a *datelinev1.Article) table.Row {
	site := a.GetSiteName()
	if site == "" {
		site = a.GetHost()
	}
	return table.Row{published(a.GetPublished()), a.GetLanguage(), a.GetWordCount(), site, a.GetTitle(), a.GetId()[:min(12, len(a.GetId()))]}
}

// published writes a time as precisely as it was given.
func published(t *datelinev1.PublicationTime) string {
	if t == nil {
		return ""
	}
	at := t.GetValue().AsTime()
	if t.UtcOffsetMinutes != nil {
		at = at.In(time.FixedZone("", int(t.GetUtcOffsetMinutes())*60))
	}
	if t.GetPrecision() == datelinev1.TimePrecision_TIME_PRECISION_DAY {
		return at.Format(time.DateOnly)
	}
	return at.Format("2006-01-02 15:04")
}

// snip cuts a text that is too wide, visibly.
func snip(s string, columns int) string { return text.Snip(s, columns, "…") }

// newTable returns a table that fits the terminal, its widest texts wrapped or
// cut.
func newTable(columns int, header table.Row) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Options.SeparateColumns = false
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(header)
	longest := max(24, (columns-44)*2/3)
	t.SetColumnConfigs([]table.ColumnConfig{
		{Name: "headline", WidthMax: longest, WidthMaxEnforcer: snip},
		{Name: "site", WidthMax: 24, WidthMaxEnforcer: snip},
		{Name: "URL", WidthMax: max(32, columns/2), WidthMaxEnforcer: text.WrapHard},
		{Name: "what happened", WidthMax: max(32, columns/2), WidthMaxEnforcer: text.WrapSoft},
	})
	return t
}
