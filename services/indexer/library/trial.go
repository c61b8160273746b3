package library

import (
	"context"
	"iter"

	"github.com/dateline-news/dateline/services/discoverer/trial"
	"github.com/dateline-news/dateline/services/notifier/sample"
)

// Try has the discoverer try a site: see trial.Start.
func (l *Library) Try(ctx context.Context, request trial.Request) (iter.Seq2[trial.Endpoint, error], error) {
	return trial.Start(ctx, l.js.Conn(), request)
}

// Sample has the notifier send a sample for the subscription with a name: see sample.Ask.
func (l *Library) Sample(ctx context.Context, name string) (sample.Result, error) {
	return sample.Ask(ctx, l.js.Conn(), name)
}

// DeliveryRequest has the notifier show the request of a delivery of the subscription with a name: see sample.Show.
func (l *Library) DeliveryRequest(ctx context.Context, name string, id int64) (string, error) {
	return sample.Show(ctx, l.js.Conn(), name, id)
}
