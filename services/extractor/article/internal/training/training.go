// Package training lets the program that trains the classifier of text runs see
// what the extractor sees of a page.
package training

import "context"

// Row is one run of a page's text.
type Row struct {
	Text     string
	Features []float32
	// Fixed says that the classifier has no say about the run.
	Fixed bool
	// Kept says that the run became part of the body.
	Kept bool
}

// Recorder collects the rows of one page.
type Recorder struct{ Rows []Row }

type key struct{}

// WithRecorder returns a context under which an extraction records its rows.
func WithRecorder(ctx context.Context, r *Recorder) context.Context {
	return context.WithValue(ctx, key{}, r)
}

// From is the recorder of a context, or nil.
func From(ctx context.Context) *Recorder {
	r, _ := ctx.Value(key{}).(*Recorder)
	return r
}
