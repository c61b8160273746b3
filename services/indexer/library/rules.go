package library

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/subject"
)

// Rules are the rules for a host that the extractors follow.
type Rules struct {
	Site      string            `json:"site" doc:"Host that the rules were written for: this one, or a domain that it belongs to."`
	Selectors map[string]string `json:"selectors" doc:"CSS selector of each field, by the name of the field."`
}

// Rules returns the rules for a host, or nil if the host has none.
func (l *Library) Rules(ctx context.Context, host string) (*Rules, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	bucket, err := l.js.KeyValue(ctx, subject.BucketDrift)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketDrift, err)
	}
	entry, err := bucket.Get(ctx, subject.DriftRules)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s from bucket %s: %w", subject.DriftRules, subject.BucketDrift, err)
	}
	var all hosts.Rules
	if json.Unmarshal(entry.Value(), &all) != nil {
		return nil, nil // the extractor replaces it
	}
	site, selectors := all.Of(host)
	if site == "" {
		return nil, nil
	}
	return &Rules{site, selectors}, nil
}
