package library

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestRequestThatMovesIsListedOnce reads a queue while the fetcher puts a request back, so
// that the queue has two entries of the request.
func TestRequestThatMovesIsListedOnce(t *testing.T) {
	t.Parallel()
	_, js := natstest.Start(t)
	url, err := weburl.Parse("https://news.example/story")
	if err != nil {
		t.Fatal(err)
	}
	queue := subject.Frontier(weburl.Partition(url.Host(), subject.Partitions), subject.LaneFresh, url.SubjectHost())
	for _, entry := range []*datelinev1.FrontierEntry{
		{Url: url.String(), Request: &datelinev1.FetchRequest{Url: url.String(), RequestId: "moves"}},
		{Url: url.String(), Request: &datelinev1.FetchRequest{Url: url.String(), RequestId: "stays"}},
		{Url: url.String(), Attempts: 1, Request: &datelinev1.FetchRequest{Url: url.String(), RequestId: "moves"}},
	} {
		data, err := proto.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.Publish(t.Context(), queue, data); err != nil {
			t.Fatal(err)
		}
	}
	waiting, err := (&Library{js: js}).Waiting(t.Context(), url.String())
	if err != nil {
		t.Fatal(err)
	}
	if len(waiting) != 2 || waiting[0].Request != "stays" || waiting[1].Request != "moves" || waiting[1].Attempts != 1 ||
		waiting[1].Place != 2 || waiting[1].Queued != 2 {
		t.Errorf("waiting: %+v, want the request that stays, then the one that has moved", waiting)
	}
}
