package library

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

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

// States lists the states of a source.
func States() []string { return []string{StateLearning, StatePublishing, StateSilent} }

// Health is how a source fares.
type Health struct {
	State       string     `json:"state" enum:"learning,publishing,silent" doc:"Whether the source publishes as usual or is silent; learning while too little is known of it."`
	New         int64      `json:"new" doc:"New articles in the time that was asked for."`
	Expected    *float64   `json:"expected,omitempty" doc:"How many new articles are usual in that time, by the source's hours of the week; absent while too little is known."`
	SilentSince *time.Time `json:"silent_since,omitempty" doc:"The end of the last hour that brought a new article, where the source is silent."`
	Cause       Cause      `json:"cause,omitempty" enum:"blocked,robots,unreachable,gone,drifted,duplicates,waiting,nothing_published" doc:"Why it is silent."`
	Evidence    string     `json:"evidence,omitempty" doc:"What speaks for that, in a sentence."`
}

// SourceHealth is a source and how it fares.
type SourceHealth struct {
	store.Source
	Health
}

// SourcesHealth returns the sources that a query chooses, each with how it
// fares in the time of the query.
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

func (l *Library) health(ctx context.Context, one store.Source, since, at time.Time) (Health, error) {
	h := Health{State: StateLearning}
	for _, c := range one.Outcomes {
		if c.Stage == datelinev1.Stage_STAGE_INDEX && c.Verdict == datelinev1.Verdict_VERDICT_PRODUCED && c.Reason == store.New.String() {
			h.New += c.Count
		}
	}
	if one.Baseline == nil || !one.Baseline.IsKnown() {
		return h, nil
	}
	expected := expectedIn(one.Baseline, since, at)
	h.State, h.Expected = StatePublishing, &expected
	if one.Silence == nil {
		return h, nil
	}
	h.State, h.SilentSince = StateSilent, &one.Silence.Since
	waiting, err := l.waiting(ctx, one.Host)
	if err != nil {
		return Health{}, err
	}
	before := min(28*24, one.Baseline.Last-one.Baseline.First+1)
	h.Cause, h.Evidence = diagnose(one.Silence, at.Sub(one.Silence.Since).Hours(), float64(before), waiting)
	if h.Cause == CauseDrifted {
		alarms, err := l.driftAlarms(ctx, one.Host)
		if err != nil {
			return Health{}, err
		}
		h.Evidence += alarms
	}
	return h, nil
}

// expectedIn is how many articles are usual from the beginning of the hour of a
// time until another.
func expectedIn(b *baseline.Baseline, since, at time.Time) float64 {
	hour := at.Unix() / 3600
	part := float64(at.Unix()%3600) / 3600
	return b.Expected(since.Unix()/3600, hour) + part*b.Expected(hour, hour+1)
}

// waiting is how many URLs of a host the frontier holds.
func (l *Library) waiting(ctx context.Context, host string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	stream, err := l.js.Stream(ctx, subject.StreamFrontier)
	if err != nil {
		return 0, fmt.Errorf("opening stream %s: %w", subject.StreamFrontier, err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject.FrontierHost(subjectHost(host))))
	if err != nil {
		return 0, fmt.Errorf("counting the URLs of %s in stream %s: %w", host, subject.StreamFrontier, err)
	}
	var waiting int64
	for _, messages := range info.State.Subjects {
		waiting += int64(messages)
	}
	return waiting, nil
}

// driftAlarms tells of the alarms about a host that are raised, to follow a
// sentence.
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
		alarm := &datelinev1.DriftAlarm{}
		if err == nil {
			err = proto.Unmarshal(entry.Value(), alarm)
		}
		if err != nil {
			return "", fmt.Errorf("reading the drift alarms of %s: %w", host, err)
		}
		if alarm.GetRaised() {
			text += fmt.Sprintf("; drift alarm %s: %.0f %% of its latest pages, %.0f %% before", subject.DriftSignalName(signal), 100*alarm.GetRecent(), 100*alarm.GetUsual())
		}
	}
	return text, nil
}
