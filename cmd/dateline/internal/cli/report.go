package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/schollz/progressbar/v3"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/dateline-news/dateline/cmd/dateline/internal/follow"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// maxRows is the maximum number of rows of a table.
const maxRows = 200

// report prints how requests end: as lines of JSON at once, or as tables at the end,
// with a progress bar until then if standard error is a terminal.
type report struct {
	out      io.Writer
	asJSON   bool
	bar      *progressbar.ProgressBar
	started  time.Time
	expected int

	articleTable, failureTable   *grid
	shownArticles, shownFailures int
	articles, failures, seen     int
}

func newReport(out, errs io.Writer, asJSON bool) *report {
	r := &report{out: out, asJSON: asJSON, started: time.Now()}
	r.articleTable = newArticleTable(width(out))
	r.failureTable = newTable(width(out), "stage", "reason", "URL", "details")
	if isTerminal(errs) {
		r.bar = newProgressBar(errs, "ingesting")
	}
	return r
}

func newProgressBar(w io.Writer, description string) *progressbar.ProgressBar {
	const columns, redraw = 30, 65 * time.Millisecond
	return progressbar.NewOptions(1,
		progressbar.OptionSetWriter(unescaped(w)), progressbar.OptionSetDescription(description),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(columns),
		progressbar.OptionThrottle(redraw))
}

// expectOne announces another request to the progress bar.
func (r *report) expectOne() {
	r.expected++
	if r.bar != nil {
		r.bar.ChangeMax(r.expected)
	}
}

// add reports the end of a request.
func (r *report) add(ctx context.Context, articles store.Reader, end follow.End) error {
	if r.bar != nil {
		if err := r.bar.Add(1); err != nil {
			return fmt.Errorf("drawing the progress bar: %w", err)
		}
	}
	if end.Seen {
		r.seen++
	}
	if end.Failed() {
		return r.addFailure(end)
	}
	hit, err := articles.Article(ctx, end.Outcome.GetOutputId())
	if err != nil {
		return fmt.Errorf("reading the article of %s: %w", end.URL, err)
	}
	return r.addArticle(end, hit.Article)
}

func (r *report) addFailure(end follow.End) error {
	r.failures++
	if r.asJSON {
		return json.NewEncoder(r.out).Encode(newEndLine(end))
	}
	if r.shownFailures < maxRows {
		r.shownFailures++
		o := end.Outcome
		r.failureTable.AppendRow(table.Row{subject.StageName(o.GetStage()), o.GetReason(), end.URL, o.GetDetail()})
	}
	return nil
}

func (r *report) addArticle(end follow.End, a *datelinev1.Article) error {
	r.articles++
	if r.asJSON {
		line := newEndLine(end)
		var err error
		if line.Article, err = (protojson.MarshalOptions{UseProtoNames: true}).Marshal(a); err != nil {
			return fmt.Errorf("encoding the article of %s: %w", end.URL, err)
		}
		return json.NewEncoder(r.out).Encode(line)
	}
	if r.shownArticles < maxRows {
		r.shownArticles++
		r.articleTable.AppendRow(articleRow(a))
	}
	return nil
}

// endLine is the end of a request as JSON.
type endLine struct {
	URL     string          `json:"url"`
	Verdict string          `json:"verdict"`
	Stage   string          `json:"stage"`
	Reason  string          `json:"reason,omitempty"`
	Detail  string          `json:"detail,omitempty"`
	Attempt int32           `json:"attempt,omitempty"`
	Seen    bool            `json:"seen,omitempty"`
	Article json.RawMessage `json:"article,omitempty"`
}

func newEndLine(end follow.End) endLine {
	o := end.Outcome
	return endLine{
		URL: end.URL, Verdict: subject.VerdictName(o.GetVerdict()), Stage: subject.StageName(o.GetStage()),
		Reason: o.GetReason(), Detail: o.GetDetail(), Attempt: o.GetAttempt(), Seen: end.Seen,
	}
}

// finish prints the tables. It returns errReported if a request failed.
func (r *report) finish() error {
	var err error
	if r.bar != nil {
		err = r.bar.Finish()
	}
	if !r.asJSON {
		r.print()
	}
	if r.failures > 0 {
		err = errors.Join(err, errReported)
	}
	return err
}

func (r *report) print() {
	if r.shownArticles > 0 {
		fmt.Fprintln(r.out, r.articleTable.Render())
	}
	if more := r.articles - r.shownArticles; more > 0 {
		fmt.Fprintf(r.out, "and %s more\n", plural(more, "article"))
	}
	if r.shownFailures > 0 {
		fmt.Fprintf(r.out, "\n%s\n", r.failureTable.Render())
	}
	if more := r.failures - r.shownFailures; more > 0 {
		fmt.Fprintf(r.out, "and %s more without an article\n", plural(more, "URL"))
	}
	seen := ""
	if r.seen > 0 {
		seen = fmt.Sprintf(" (requested before: %d)", r.seen)
	}
	fmt.Fprintf(r.out, "\n%d of %s led to an article%s, in %s\n", r.articles, plural(r.articles+r.failures, "URL"), seen,
		time.Since(r.started).Round(10*time.Millisecond))
}
