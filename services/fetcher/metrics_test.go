package fetcher

import (
	"slices"
	"testing"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

func TestFailuresEndWithAListedReason(t *testing.T) {
	entries := outcome.OfStage(subject.StageName(datelinev1.Stage_STAGE_FETCH))
	for _, class := range httpget.Classes {
		made := judgeFailure(&httpget.Error{Class: class, Host: "example.com"})
		if made.action == actionLeave {
			continue // the request was cancelled
		}
		want := outcome.Entry{Reason: made.reason, Verdict: made.outcome, Retried: made.action == actionRetry}
		if made.action != actionEnd {
			want.Verdict = datelinev1.Verdict_VERDICT_DEAD
		}
		if !slices.ContainsFunc(entries, func(e outcome.Entry) bool {
			// TLS failures are permanent or transient by their cause.
			return e.Reason == want.Reason && e.Verdict == want.Verdict && (e.Retried == want.Retried || e.Reason == outcome.TLS)
		}) {
			t.Errorf("failure %s ends as %+v, which the table of outcomes does not list", class, want)
		}
	}
}
