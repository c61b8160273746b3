package fetcher

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/frontier"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// Readmit puts a URL into the frontier again for the request that it was admitted for.
// last is the last outcome of that request which the ledger has, of any stage. What
// followed from it, such as the entry of the frontier or the page, has been lost.
//
// The URL keeps its request id, so its next outcomes settle the request, and no mark
// of the same request prevents another fetch. If the page was fetched before, it is
// fetched without conditions, because an answer that it has not changed would not
// bring it back.
func Readmit(ctx context.Context, js jetstream.JetStream, last *datelinev1.Outcome, now time.Time) error {
	url, err := weburl.Parse(last.GetUrl())
	if err != nil {
		return err
	}
	marks, err := seen.Open(ctx, js)
	if err != nil {
		return err
	}
	mark, _, err := marks.Get(ctx, url.ID())
	if err != nil {
		return err
	}
	fetched := last.GetStage() != datelinev1.Stage_STAGE_INTAKE
	if mark.Done && mark.Request == last.GetRequestId() {
		fetched = true
		if err := marks.Forget(ctx, url.ID()); err != nil {
			return err
		}
	}
	// Readmitting it twice within the stream's duplicate window stores one entry.
	cause := "readmit:" + outcome.FetchID(last.GetRequestId(), url)
	err = frontier.Publish(ctx, js, cause, &datelinev1.FrontierEntry{
		Request: &datelinev1.FetchRequest{
			Url: url.String(), RequestId: last.GetRequestId(), Labels: last.GetLabels(), RequestTime: last.GetTime(),
			Priority: datelinev1.Priority_PRIORITY_FRESH, Force: fetched,
		},
		Url: url.String(), AdmitTime: timestamppb.New(now),
	})
	if err != nil {
		return fmt.Errorf("admitting %s again: %w", url, err)
	}
	return nil
}
