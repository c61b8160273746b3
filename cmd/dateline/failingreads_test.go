//go:build !race

package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/cmd/dateline/internal/doctor"
	"github.com/dateline-news/dateline/internal/subject"
)

// read has each consumer of the stages read until the test ends, so that the doctor need not wait for a reader.
func (d *failing) read(t *testing.T) {
	t.Helper()
	for stream, name := range map[string]string{
		subject.StreamURLs: subject.ConsumerIntake, subject.StreamListings: subject.ConsumerDiscover,
		subject.StreamPages: subject.ConsumerExtract, subject.StreamArticles: subject.ConsumerIndex,
		subject.StreamOutcomes: subject.ConsumerLedger,
	} {
		consumer, err := d.js.Consumer(t.Context(), stream, name)
		must(t, err)
		reading, err := consumer.Consume(func(jetstream.Msg) {})
		must(t, err)
		t.Cleanup(reading.Stop)
	}
}

// lease has a replica own each partition of the frontier, until the leases expire.
func (d *failing) lease(t *testing.T) {
	t.Helper()
	leases, err := d.js.KeyValue(t.Context(), subject.BucketLeases)
	must(t, err)
	for partition := range subject.Partitions {
		_, err := leases.PutString(t.Context(), subject.PartitionLease(partition), "one")
		must(t, err)
	}
}

// TestDoctorWithAFailingStep has each statement and each request to NATS of the doctor fail in turn. The findings are
// then the same as without the failure, or one of them names the failure. No check is missing, and
// none is passed that is not passed without the failure.
func TestDoctorWithAFailingStep(t *testing.T) {
	t.Parallel()
	d := newFailing(t)
	d.fill(t)
	d.fillStore(t)
	d.fillStreams(t)
	d.read(t)
	prepare := func() []string {
		d.lease(t)
		return nil
	}
	d.check(t, step{args: []string{"doctor", "--json"}, prepare: prepare, isPartial: func(want, got result) bool {
		findings := decodeFindings(t, masked(got.out))
		for _, wanted := range decodeFindings(t, masked(want.out)) {
			if !slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.Check == wanted.Check }) {
				t.Logf("the check %s is missing", wanted.Check)
				return false
			}
		}
		for _, f := range findings {
			if f.Status == doctor.OK && !slices.Contains(decodeFindings(t, masked(want.out)), f) {
				t.Logf("the check %s is passed only after a failure: %s", f.Check, f.Found)
				return false
			}
		}
		return slices.ContainsFunc(findings, func(f doctor.Finding) bool {
			return f.Status != doctor.OK && failure.MatchString(f.Found)
		})
	}})
}

func decodeFindings(t *testing.T, out string) (all []doctor.Finding) {
	t.Helper()
	for decoder := json.NewDecoder(strings.NewReader(out)); decoder.More(); {
		var f doctor.Finding
		must(t, decoder.Decode(&f))
		all = append(all, f)
	}
	return all
}

// TestReadingCommandsWithAFailingStep has each statement and each request to NATS of each command that reads fail in
// turn. None may print less than everything and exit with 0.
func TestReadingCommandsWithAFailingStep(t *testing.T) {
	t.Parallel()
	d := newFailing(t)
	url := d.fill(t)
	d.fillStore(t)
	d.fillStreams(t)
	for _, c := range []step{
		{args: []string{"search", "harbour"}}, {args: []string{"search", "--json"}},
		{args: []string{"show", url}}, {args: []string{"history", url, "--changes"}},
		{args: []string{"export"}},
		{args: []string{"export", "--partition", "day", "--json"}, prepare: func() []string {
			return []string{"--output", t.TempDir()}
		}},
		{args: []string{"explain", url}},
		{args: []string{"explain", waitingURL}, isPartial: func(_, got result) bool {
			return strings.Contains(got.out, "cannot be read: ")
		}},
		{args: []string{"dead", "list"}}, {args: []string{"dead", "list", "--json"}}, {args: []string{"dead", "show", "1"}},
		{args: []string{"dead", "list", "--stage", "notify"}}, {args: []string{"dead", "show", "n1"}},
		{args: []string{"sources"}}, {args: []string{"sources", "--silent"}},
		{args: []string{"sources", "paper.test"}},
		{args: []string{"sources", "list"}}, {args: []string{"sources", "export"}},
		{args: []string{"sources", "show", "https://example.com"}},
		{args: []string{"archive", "ls"}}, {args: []string{"archive", "cdxj"}}, {args: []string{"archive", "stop"}},
		{args: []string{"audit", "--action", "nothing"}}, {args: []string{"token", "ls"}},
		{args: []string{"subscribe", "ls"}}, {args: []string{"subscribe", "show", "desk"}},
		{args: []string{"subscribe", "log", "desk"}}, {args: []string{"subscribe", "export"}},
		{args: []string{"erase", url}}, {args: []string{"repair"}}, {args: []string{"reindex", "--check"}},
		{args: []string{"replay"}}, {args: []string{"replay", "runs"}},
		{args: []string{"drift"}}, {args: []string{"drift", "--pages", t.TempDir()}},
		{args: []string{"backup"}, prepare: func() []string { return []string{t.TempDir()} }},
	} {
		d.check(t, c)
	}
}
