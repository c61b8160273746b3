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
)

// maxSamples is the maximum number of sample pages that are listed for an alarm.
const maxSamples = 10

// Drift is an alarm that a site's pages have changed, with the pages that show it.
type Drift struct {
	Signal        string
	Recent, Usual float64 // shares of the pages, from 0 to 1
	Since         time.Time
	Samples       []DriftSample
}

// DriftSample is a page that was kept while an alarm was raised.
type DriftSample struct {
	URL  string
	Time time.Time
}

// Drifts returns the alarms of a host that are raised.
func (l *Library) Drifts(ctx context.Context, host string) ([]Drift, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	bucket, err := l.js.KeyValue(ctx, subject.BucketDrift)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketDrift, err)
	}
	name := subjectHost(host)
	var raised []Drift
	for number := range len(datelinev1.DriftSignal_name) {
		signal := datelinev1.DriftSignal(number)
		alarm := &datelinev1.DriftAlarm{}
		if found, err := get(ctx, bucket, subject.DriftAlarm(name, signal), alarm); err != nil {
			return nil, err
		} else if !found || !alarm.GetRaised() {
			continue
		}
		one := Drift{
			Signal: subject.DriftSignalName(signal), Recent: alarm.GetRecent(), Usual: alarm.GetUsual(),
			Since: timeOf(alarm.GetTime()),
		}
		for n := 1; n <= maxSamples; n++ {
			sample := &datelinev1.DriftSample{}
			found, err := get(ctx, bucket, subject.DriftSample(name, signal, n), sample)
			if err != nil {
				return nil, err
			}
			if !found {
				break
			}
			one.Samples = append(one.Samples, DriftSample{sample.GetUrl(), timeOf(sample.GetFetchTime())})
		}
		raised = append(raised, one)
	}
	return raised, nil
}

// get reads a message from a bucket, and reports whether there is a readable one.
func get(ctx context.Context, bucket jetstream.KeyValue, key string, message proto.Message) (found bool, err error) {
	entry, err := bucket.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s from bucket %s: %w", key, subject.BucketDrift, err)
	}
	return proto.Unmarshal(entry.Value(), message) == nil, nil
}
