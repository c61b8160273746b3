package library

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/baseline"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// The states of a source.
const (
	StateLearning   = "learning"
	StatePublishing = "publishing"
	StateSilent     = "silent"
)

// States returns all states of a source.
func States() []string { return []string{StateLearning, StatePublishing, StateSilent} }

// Health describes how much a source publishes compared with its baseline.
type Health struct {
	State       string        `json:"state" enum:"learning,publishing,silent" doc:"Whether the source publishes as usual or is silent. learning means that its history is too short to tell."`
	New         int64         `json:"new" doc:"Number of new articles in the requested period."`
	Expected    *float64      `json:"expected,omitempty" doc:"Number of new articles that are usual in the requested period, from the source's usual week. Absent while the state is learning."`
	SilentSince *time.Time    `json:"silent_since,omitempty" doc:"End of the last hour with a new article. Only given if the source is silent."`
	Cause       outcome.Cause `json:"cause,omitempty" enum:"blocked,robots,unreachable,gone,drifted,duplicates,waiting,nothing_published,endpoints_gone,feed_frozen" doc:"Why the source is silent."`
	Evidence    string        `json:"evidence,omitempty" doc:"Evidence for the cause, in words."`
}

// hoursBefore is the length, in hours, of the period before a silence that its
// outcomes are compared with.
const hoursBefore = 28 * 24

// SourceHealth is a source with its health.
type SourceHealth struct {
	store.Source
	Health
}

// SourcesHealth returns the sources that match a query, each with its health in
// the period of the query.
func (l *Library) SourcesHealth(ctx context.Context, query store.SourceQuery) ([]SourceHealth, error) {
	sources, err := l.Sources(ctx, query)
	if err != nil {
		return nil, err
	}
	all := make([]SourceHealth, len(sources))
	for i, one := range sources {
		health, err := l.health(ctx, one, query.Since, query.At)
		if err != nil {
			return nil, err
		}
		all[i] = SourceHealth{one, health}
	}
	return all, nil
}

// StoredHealth returns the health of a source in a period, without the cause of a silence.
// It needs only what the store knows.
func StoredHealth(one store.Source, since, at time.Time) Health {
	h := Health{State: StateLearning}
	for _, c := range one.Outcomes {
		produced := c.Verdict == datelinev1.Verdict_VERDICT_PRODUCED
		if c.Stage == datelinev1.Stage_STAGE_INDEX && produced && c.Reason == store.New.String() {
			h.New += c.Count
		}
	}
	if one.Baseline == nil || !one.Baseline.IsKnown() {
		return h
	}
	expected := expectedIn(one.Baseline, since, at)
	h.State, h.Expected = StatePublishing, &expected
	if one.Silence != nil {
		h.State, h.SilentSince = StateSilent, &one.Silence.Since
	}
	return h
}

func (l *Library) health(ctx context.Context, one store.Source, since, at time.Time) (Health, error) {
	h := StoredHealth(one, since, at)
	if h.State != StateSilent {
		return h, nil
	}
	queued, err := l.queued(ctx, one.Host)
	if err != nil {
		return Health{}, err
	}
	endpoints, err := l.endpointsOn(ctx, one.Host)
	if err != nil {
		return Health{}, err
	}
	silent := silence{
		since: one.Silence.Since, now: newTally(one.Silence.Outcomes), before: newTally(one.Silence.Before),
		hours:       at.Sub(one.Silence.Since).Hours(),
		hoursBefore: float64(min(hoursBefore, one.Baseline.Last-one.Baseline.First+1)), queued: queued,
	}
	h.Cause, h.Evidence = silent.diagnose()
	h.Cause, h.Evidence = silent.refine(h.Cause, h.Evidence, endpoints)
	if h.Cause == outcome.CauseDrifted {
		alarms, err := l.driftAlarms(ctx, one.Host)
		if err != nil {
			return Health{}, err
		}
		h.Evidence += alarms
	}
	return h, nil
}

// expectedIn returns the number of articles that are usual from since, rounded down
// to the hour, until at.
func expectedIn(b *baseline.Baseline, since, at time.Time) float64 {
	const secondsPerHour = 3600
	hour := at.Unix() / secondsPerHour
	elapsed := float64(at.Unix()%secondsPerHour) / secondsPerHour
	return b.Expected(since.Unix()/secondsPerHour, hour) + elapsed*b.Expected(hour, hour+1)
}

// queued returns the number of a host's URLs in the frontier.
func (l *Library) queued(ctx context.Context, host string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	stream, err := l.js.Stream(ctx, subject.StreamFrontier)
	if err != nil {
		return 0, fmt.Errorf("opening stream %s: %w", subject.StreamFrontier, err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject.FrontierHost(subjectHost(host))))
	if err != nil {
		return 0, fmt.Errorf("counting queued URLs of %s in stream %s: %w", host, subject.StreamFrontier, err)
	}
	var queued int64
	for _, messages := range info.State.Subjects {
		queued += int64(messages)
	}
	return queued, nil
}

// driftAlarms describes the active drift alarms of a host, as clauses to append
// to a sentence. It returns "" if no alarm is active.
func (l *Library) driftAlarms(ctx context.Context, host string) (text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	bucket, err := l.js.KeyValue(ctx, subject.BucketDrift)
	if err != nil {
		return "", fmt.Errorf("opening bucket %s: %w", subject.BucketDrift, err)
	}
	for number := range datelinev1.DriftSignal_name {
		signal := datelinev1.DriftSignal(number)
		entry, err := bucket.Get(ctx, subject.DriftAlarm(subjectHost(host), signal))
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("reading drift alarms of %s: %w", host, err)
		}
		alarm := &datelinev1.DriftAlarm{}
		if proto.Unmarshal(entry.Value(), alarm) != nil { // it must not hide the source
			text += fmt.Sprintf("; drift alarm %s is unreadable", subject.DriftSignalName(signal))
			continue
		}
		if alarm.GetRaised() {
			text += fmt.Sprintf("; drift alarm %s: %.0f %% of the latest pages, %.0f %% before",
				subject.DriftSignalName(signal), 100*alarm.GetRecent(), 100*alarm.GetUsual())
		}
	}
	return text, nil
}
