package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// pipelineHours is the number of hours that the pipeline page shows.
const pipelineHours = 24

type pipelinePage struct {
	Time     time.Time
	Articles int64
	Storage  library.Storage
	Stages   []pipelineStage
	Chart    outcomeChart
	Streams  []streamBar
	Ends     []library.End // in the hours shown
}

// pipelineStage is a stage as drawn, with the queue before it.
type pipelineStage struct {
	Name, Does, Stream string
	Waiting            uint64
	InWork             int
	Oldest             string // age of the oldest input that waits, or ""
	Rate               int64  // inputs finished in the last 60 minutes, estimated
	Rejected, Dead     int64  // in the hours shown
	Hours              sparkline
	// Deliveries is set for the notifier. Dead is then the number of deliveries that were given up and are kept.
	Deliveries *library.Deliveries

	stage datelinev1.Stage
}

// streamBar is a stream with the share of its limit that it uses.
type streamBar struct {
	library.StreamState
	Age     string
	Share   float64 // in per cent
	IsClose bool    // whether the stream is nearly full
}

// nearlyFull is the share of a stream's limit, in per cent, above which it is marked.
const nearlyFull = 80

func (s *site) pipeline(w http.ResponseWriter, r *http.Request) {
	flow, err := s.Flow(r.Context())
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	storage, err := s.Storage(r.Context())
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	hour := flow.Time.Truncate(time.Hour)
	hours, err := s.Hours(r.Context(), "", hour.Add(-(pipelineHours-1)*time.Hour))
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	page := pipelinePage{
		Time: flow.Time, Articles: storage.Articles, Storage: storage, Chart: newOutcomeChart(hours, hour, pipelineHours),
		Ends: library.Ends(sum(hours)),
	}
	for _, stage := range []pipelineStage{
		{stage: datelinev1.Stage_STAGE_INTAKE, Stream: subject.StreamURLs, Does: "checks URLs and drops repeats"},
		{stage: datelinev1.Stage_STAGE_FETCH, Stream: subject.StreamFrontier, Does: "gets pages, host by host"},
		{stage: datelinev1.Stage_STAGE_EXTRACT, Stream: subject.StreamPages, Does: "turns pages into articles"},
		{stage: datelinev1.Stage_STAGE_INDEX, Stream: subject.StreamArticles, Does: "stores and versions articles"},
	} {
		stage.Name = subject.StageName(stage.stage)
		stage.addQueue(flow)
		stage.addHours(hours, flow.Time)
		page.Stages = append(page.Stages, stage)
	}
	notify, err := s.notifyStage(r.Context(), flow.Time)
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	page.Stages = append(page.Stages, notify)
	for _, stream := range flow.Streams {
		bar := streamBar{StreamState: stream, Share: share(float64(stream.Bytes), float64(stream.MaxBytes))}
		bar.IsClose = bar.Share >= nearlyFull
		if stream.Messages > 0 {
			bar.Age = age(flow.Time.Sub(stream.Oldest))
		}
		page.Streams = append(page.Streams, bar)
	}
	s.show(w, r, http.StatusOK, "pipeline", "Pipeline", page)
}

// notifyStage returns the notifier as a stage, whose queue is in the store.
func (s *site) notifyStage(ctx context.Context, now time.Time) (pipelineStage, error) {
	stage := pipelineStage{Name: subscriptions.Stage, Stream: "Deliveries", Does: "delivers articles to subscriptions"}
	deliveries, err := s.Deliveries(ctx, now)
	if err != nil {
		return stage, err
	}
	stage.Deliveries, stage.Waiting = &deliveries, uint64(deliveries.Waiting)
	if !deliveries.OverdueSince.IsZero() {
		stage.Oldest = age(max(0, now.Sub(deliveries.OverdueSince)))
	}
	if stage.Rate, err = s.Subscriptions().CountEnded(ctx, now.Add(-time.Hour)); err != nil {
		return stage, err
	}
	stage.Dead, err = s.Subscriptions().CountGivenUp(ctx)
	return stage, err
}

// addQueue adds what waits for the stage. The frontier has no consumer: its stream is the
// queue.
func (p *pipelineStage) addQueue(flow library.Flow) {
	var oldest time.Time
	if p.stage == datelinev1.Stage_STAGE_FETCH {
		for _, stream := range flow.Streams {
			if stream.Name == p.Stream && stream.Messages > 0 {
				p.Waiting, oldest = stream.Messages, stream.Oldest
			}
		}
	}
	for _, consumer := range flow.Consumers {
		if consumer.Stream == p.Stream && consumer.Stage == p.Name {
			p.Waiting, p.InWork, oldest = consumer.Waiting, consumer.InWork, consumer.Oldest
		}
	}
	if !oldest.IsZero() {
		p.Oldest = age(flow.Time.Sub(oldest))
	}
}

// addHours adds the outcomes of the stage.
func (p *pipelineStage) addHours(hours []store.Hour, now time.Time) {
	current := now.Truncate(time.Hour)
	perHour := make([]float64, pipelineHours)
	for _, h := range hours {
		at := pipelineHours - 1 - int(current.Sub(h.Begin)/time.Hour)
		if h.Stage != p.stage || at < 0 || at >= pipelineHours {
			continue
		}
		perHour[at] += float64(h.Count.Count)
		switch h.Verdict {
		case datelinev1.Verdict_VERDICT_REJECTED:
			p.Rejected += h.Count.Count
		case datelinev1.Verdict_VERDICT_DEAD:
			p.Dead += h.Count.Count
		}
	}
	p.Hours = newSparkline(perHour, 1)
	// The last 60 minutes are this hour and the end of the one before.
	before := 1 - now.Sub(current).Hours()
	p.Rate = int64(perHour[pipelineHours-1] + before*perHour[pipelineHours-2])
}

// sum adds up the hours, by stage, verdict and reason. The most common reason of a stage
// comes first.
func sum(hours []store.Hour) []store.Count {
	type key struct {
		stage   datelinev1.Stage
		verdict datelinev1.Verdict
		reason  string
	}
	totals := map[key]int64{}
	for _, h := range hours {
		totals[key{h.Stage, h.Verdict, h.Reason}] += h.Count.Count
	}
	all := make([]store.Count, 0, len(totals))
	for k, n := range totals {
		all = append(all, store.Count{Stage: k.stage, Verdict: k.verdict, Reason: k.reason, Count: n})
	}
	slices.SortFunc(all, func(a, b store.Count) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Verdict, b.Verdict),
			cmp.Compare(a.Reason, b.Reason))
	})
	return all
}
