package fetcher_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// TestReadmit admits a request again that was lost after an outcome. If its page was fetched, the page is fetched again
// although it has not changed, and the mark of the request does not end the visit.
func TestReadmit(t *testing.T) {
	url, err := weburl.Parse("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	requested, now := time.Unix(1e9, 0).UTC(), time.Unix(2e9, 0).UTC()
	for name, test := range map[string]struct {
		stage         datelinev1.Stage
		done          bool
		owner         string // of the mark
		force, marked bool
	}{
		"admitted":                           {intake, false, "mine", false, true},
		"fetched, but its outcome was lost":  {intake, true, "mine", true, false},
		"fetched":                            {fetch, true, "mine", true, false},
		"fetched, and by another since then": {fetch, true, "other", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, js := natstest.Start(t)
			marks, err := seen.Open(t.Context(), js)
			if err != nil {
				t.Fatal(err)
			}
			mark := seen.Mark{Request: test.owner, Input: "1-a", Time: requested}
			claimed := marks.ClaimAll(t.Context(), []seen.Claim{{Key: url.ID(), Mark: mark}})[0]
			if !claimed.OK {
				t.Fatalf("claiming the URL: %+v", claimed)
			}
			if test.done {
				err := marks.Finish(t.Context(), url.ID(), claimed.Mark, test.owner, seen.Version{}, requested)
				if err != nil {
					t.Fatal(err)
				}
			}
			last := &datelinev1.Outcome{
				Stage: test.stage, Url: url.String(), RequestId: "mine", Time: timestamppb.New(requested),
				Labels: map[string]string{"desk": "roads"},
			}
			for range 2 { // as by two repairs
				if err := fetcher.Readmit(t.Context(), js, last, now); err != nil {
					t.Fatal(err)
				}
			}
			msgs := natstest.Messages(t, js, subject.StreamFrontier)
			if len(msgs) != 1 {
				t.Fatalf("%d entries, want 1", len(msgs))
			}
			got := &datelinev1.FrontierEntry{}
			if err := proto.Unmarshal(msgs[0].Data, got); err != nil {
				t.Fatal(err)
			}
			want := &datelinev1.FrontierEntry{
				Url: url.String(), AdmitTime: timestamppb.New(now),
				Request: &datelinev1.FetchRequest{
					Url: url.String(), RequestId: "mine", RequestTime: timestamppb.New(requested), Force: test.force,
					Labels: map[string]string{"desk": "roads"}, Priority: datelinev1.Priority_PRIORITY_FRESH,
				},
			}
			if !proto.Equal(got, want) {
				t.Errorf("the entry is %v, want %v", got, want)
			}
			if _, marked, err := marks.Get(t.Context(), url.ID()); err != nil || marked != test.marked {
				t.Errorf("the URL has a mark: %t (%v), want %t", marked, err, test.marked)
			}
		})
	}
}
