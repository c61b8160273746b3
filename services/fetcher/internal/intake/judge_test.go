package intake

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// TestJudge checks what the result of a claim means for a request. An entry that may be the second one of its message
// has no mark, so that its visit looks whether the first one was visited.
func TestJudge(t *testing.T) {
	url, err := weburl.Parse("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	admitted := time.Unix(1e9, 0).UTC()
	mark := seen.Mark{Request: "mine", Input: "1-a", Time: admitted}
	done := mark
	done.Done = true
	for name, test := range map[string]struct {
		claimed       seen.Claimed
		verdict       datelinev1.Verdict
		entry, marked bool
		fails         bool
	}{
		"claimed":                       {seen.Claimed{Mark: mark, OK: true}, produced, true, true, false},
		"claimed before":                {seen.Claimed{Mark: mark, OK: true, Again: true}, produced, true, false, false},
		"claimed before, and fetched":   {seen.Claimed{Mark: done, OK: true, Again: true}, produced, false, false, false},
		"claimed by another":            {seen.Claimed{Mark: mark}, duplicate, false, false, false},
		"the marks cannot be read":      {seen.Claimed{Err: errors.New("no server")}, 0, false, false, true},
		"claimed by another, and ended": {seen.Claimed{Mark: done}, duplicate, false, false, false},
	} {
		later := timestamppb.New(admitted.Add(time.Hour))
		r := &request{
			FetchRequest: &datelinev1.FetchRequest{Url: url.String(), RequestId: "mine", NotBeforeTime: later},
			url:          url, parent: "trace", result: &stage.Result{Outcome: &datelinev1.Outcome{}},
		}
		entry := r.judge(test.claimed)
		ended, failure := r.result.Outcome, r.result.Err
		if ended.GetVerdict() != test.verdict || (entry != nil) != test.entry || (failure != nil) != test.fails ||
			stage.IsPermanent(failure) {
			t.Errorf("%s: outcome %v, entry %v, error %v", name, ended, entry, failure)
		}
		if entry == nil {
			continue
		}
		if marked := entry.GetMark() != nil; marked != test.marked || entry.GetUrl() != url.String() ||
			!proto.Equal(entry.GetRequest(), r.FetchRequest) || !proto.Equal(entry.GetNotBeforeTime(), later) ||
			!entry.GetAdmitTime().AsTime().Equal(admitted) || entry.GetTraceParent() != "trace" {
			t.Errorf("%s: the entry is %v, with a mark: %t, want %t", name, entry, marked, test.marked)
		}
	}
}

// TestAdmittedRequestIsComplete admits requests without an id or a time. They get those of their message.
func TestAdmittedRequestIsComplete(t *testing.T) {
	in := newIntake(t, topology.Limits{})
	for i, data := range []string{
		"https://example.com/a",
		`{"url": "https://example.com/b", "requestId": "mine", "requestTime": "2026-03-01T06:00:00Z"}`,
	} {
		if result := in.handle(message(uint64(i+1), data)); result.Err != nil {
			t.Fatal(result.Err)
		}
	}
	var got []*datelinev1.FetchRequest
	for _, msg := range natstest.Messages(t, in.js, subject.StreamFrontier) {
		entry := &datelinev1.FrontierEntry{}
		if err := proto.Unmarshal(msg.Data, entry); err != nil {
			t.Fatal(err)
		}
		got = append(got, entry.GetRequest())
	}
	if len(got) != 2 || got[0].GetRequestId() != inputID(message(1, "")) || got[1].GetRequestId() != "mine" {
		t.Fatalf("the requests are %v", got)
	}
	given := time.Date(2026, time.March, 1, 6, 0, 0, 0, time.UTC)
	if !got[0].GetRequestTime().AsTime().Equal(message(1, "").Stored) || !got[1].GetRequestTime().AsTime().Equal(given) {
		t.Errorf("the times of the requests are %v and %v", got[0].GetRequestTime(), got[1].GetRequestTime())
	}
}

// TestRequestsThatAreMadeAgain requests a URL again within the freshness window. That it was requested before counts
// only for ordinary requests.
func TestRequestsThatAreMadeAgain(t *testing.T) {
	for fields, want := range map[string]datelinev1.Verdict{
		``:                            duplicate,
		`, "force": true`:             produced,
		`, "revisit": true`:           produced,
		`, "purpose": "PURPOSE_FEED"`: produced,
	} {
		in := newIntake(t, topology.Limits{})
		const url = `{"url": "https://example.com/a"`
		first := in.handle(message(1, url+fields+`, "requestId": "one"}`))
		second := in.handle(message(2, url+fields+`, "requestId": "two"}`))
		if first.Err != nil || second.Err != nil ||
			first.Outcome.GetVerdict() != produced || second.Outcome.GetVerdict() != want {
			t.Errorf("%s: %v (%v) and then %v (%v), want %s", fields, first.Outcome, first.Err, second.Outcome, second.Err, want)
		}
		// A second message of the same request, as of a client that has published it twice.
		if again := in.handle(message(3, url+fields+`, "requestId": "two"}`)); again.Outcome.GetVerdict() != duplicate {
			t.Errorf("%s: the request that is made twice: %v (%v)", fields, again.Outcome, again.Err)
		}
	}
}
