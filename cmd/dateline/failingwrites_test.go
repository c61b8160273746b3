//go:build !race

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// items numbers what commands change.
type items int

// next returns a new name. All names are equally long, because tables are as wide as their values.
func (i *items) next() string {
	*i++
	return fmt.Sprintf("item-%04d", *i)
}

// TestWritingCommandsWithAFailingStep has each statement and each request to NATS of each command that writes fail in
// turn. A command that ends with 0 must have done everything.
func TestWritingCommandsWithAFailingStep(t *testing.T) {
	t.Parallel()
	for name, commands := range map[string]func(*failing, *testing.T, *items) []step{
		"sources": (*failing).sourceCommands, "subscriptions": (*failing).subscriptionCommands,
		"dead letters": (*failing).letterCommands, "others": (*failing).otherCommands,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newFailing(t)
			for _, c := range commands(d, t, new(items)) {
				d.check(t, c)
			}
		})
	}
}

// sourceCommands change a source.
func (d *failing) sourceCommands(t *testing.T, all *items) []step {
	add := func(ready func(*sources.Sources, string) error) func() []string {
		return func() []string {
			url := "https://" + all.next() + ".example/"
			home, err := weburl.Parse(url)
			must(t, err)
			source := sources.New(home, nil, time.Now())
			must(t, sources.Of(d.store).AddSite(t.Context(), source, nil))
			if ready != nil {
				must(t, ready(sources.Of(d.store), source.ID))
			}
			return []string{url}
		}
	}
	backfill := func(s *sources.Sources, id string) error {
		return s.BackfillSite(t.Context(), id, sources.BackfillRange{})
	}
	pause := func(s *sources.Sources, id string) error { return s.SetState(t.Context(), id, sources.Paused) }
	shown := func(more []string) string { return d.lines(t, "", "sources", "show", more[0]) }
	return []step{
		{args: []string{"sources", "add", "--label", "a=b"}, effect: shown, prepare: func() []string {
			return []string{"https://" + all.next() + ".example/"}
		}},
		{args: []string{"sources", "remove"}, effect: shown, prepare: add(backfill)},
		{args: []string{"sources", "pause"}, effect: shown, prepare: add(nil)},
		{args: []string{"sources", "resume"}, effect: shown, prepare: add(pause)},
		{args: []string{"sources", "set", "--articles-per-day", "7"}, effect: shown, prepare: add(nil)},
		{args: []string{"sources", "backfill"}, effect: shown, prepare: add(nil)},
		{args: []string{"sources", "backfill", "--cancel"}, effect: shown, prepare: add(backfill)},
		{args: []string{"sources", "import"}, prepare: func() []string {
			file := filepath.Join(t.TempDir(), all.next())
			text := "https://" + all.next() + ".example/\nhttps://" + all.next() + ".example/\n"
			must(t, os.WriteFile(file, []byte(text), 0o600))
			return []string{file}
		}, effect: func(more []string) string {
			text, err := os.ReadFile(more[0])
			must(t, err)
			shown := ""
			for url := range strings.FieldsSeq(string(text)) {
				shown += d.lines(t, url, "sources", "show", url)
			}
			return shown
		}},
	}
}

// subscriptionCommands change a subscription, its deliveries or a token.
func (d *failing) subscriptionCommands(t *testing.T, all *items) []step {
	listed := func(more []string) string { return d.lines(t, more[0], "subscribe", "ls", "--json") }
	logged := func(more []string) string { return d.lines(t, "", "subscribe", "log", more[0], "--json") }
	givenUp := func() []string {
		name := all.next()
		giveUp(t, d.config(), name, 2)
		return []string{name}
	}
	named := func() []string { return []string{all.next()} }
	return []step{
		{args: []string{"subscribe", "add", "--query", "ferry", "--to", "https://hooks.invalid/in", "--unsigned"},
			prepare: named, effect: listed},
		{args: []string{"subscribe", "remove"}, prepare: givenUp, effect: listed},
		{args: []string{"subscribe", "resume"}, prepare: func() []string {
			more := givenUp()
			one, err := subscriptions.Of(d.store).Get(t.Context(), more[0])
			must(t, err)
			report := subscriptions.Report{State: subscriptions.Suspended}
			must(t, subscriptions.Of(d.store).Record(t.Context(), one.ID, report, time.Now()))
			return more
		}, effect: listed},
		{args: []string{"subscribe", "resend", "--failed"}, prepare: givenUp, effect: logged},
		{args: []string{"subscribe", "replay", "--since", "1h"}, prepare: givenUp, effect: logged},
		{args: []string{"subscribe", "apply", "-f"}, prepare: func() []string {
			file := filepath.Join(t.TempDir(), all.next())
			text := "subscriptions:\n"
			for range 2 {
				text += "- {name: " + all.next() + ", to: 'https://hooks.invalid/in', unsigned: true}\n"
			}
			must(t, os.WriteFile(file, []byte(text), 0o600))
			return []string{file}
		}, effect: func(more []string) string {
			text, err := os.ReadFile(more[0])
			must(t, err)
			shown := ""
			for _, name := range varying.FindAllString(string(text), -1) {
				shown += d.lines(t, name, "subscribe", "ls", "--json")
			}
			return shown
		}},
		{args: []string{"token", "create"}, prepare: named, effect: func(more []string) string {
			return d.lines(t, more[0], "token", "ls")
		}},
		{args: []string{"token", "revoke"}, prepare: func() []string {
			name := all.next()
			_, _, err := access.Of(d.store).Create(t.Context(), name, []access.Scope{access.Read}, time.Time{}, time.Now())
			must(t, err)
			return []string{name}
		}, effect: func(more []string) string { return d.lines(t, more[0], "token", "ls") }},
	}
}

// letterCommands change dead letters.
func (d *failing) letterCommands(t *testing.T, all *items) []step {
	id := ""
	bury := func() []string {
		id = all.next()
		d.bury(t, id)
		stream, err := deadletter.Open(t.Context(), d.js)
		must(t, err)
		last := uint64(0)
		for letter, err := range stream.All(t.Context(), deadletter.Filter{}) {
			must(t, err)
			last = letter.Number
		}
		return []string{strconv.FormatUint(last, 10)}
	}
	places := func() (letters, urls int) { // of the dead letter, and of what was requeued
		return d.count(t, subject.StreamDead, id), d.count(t, subject.StreamURLs, id)
	}
	where := func([]string) string {
		letters, urls := places()
		return fmt.Sprintf("%d dead letters, %d URLs", letters, urls)
	}
	kept := func([]string) {
		if letters, urls := places(); letters+urls == 0 || urls > 1 {
			t.Errorf("%s has %d dead letters and %d URLs", id, letters, urls)
		}
	}
	everything := func() []string {
		d.purge(t, subject.StreamDead)
		bury()
		return nil
	}
	subscription := ""
	give := func() {
		subscription = all.next()
		giveUp(t, d.config(), subscription, 2)
	}
	one := func() []string {
		give()
		found, err := subscriptions.Of(d.store).Log(t.Context(), subscription, 0, 1)
		must(t, err)
		return []string{subscriptions.Number(found[0].ID)}
	}
	both := func() []string {
		_, err := d.store.SQL().Writer.ExecContext(t.Context(), "DELETE FROM notify_deliveries")
		must(t, err)
		give()
		return nil
	}
	logged := func([]string) string { return d.lines(t, "", "subscribe", "log", subscription, "--json") }
	return []step{
		{args: []string{"dead", "requeue"}, prepare: bury, effect: where, verify: kept},
		{args: []string{"dead", "requeue", "--all"}, prepare: everything, effect: where, verify: kept},
		{args: []string{"dead", "drop"}, prepare: bury, effect: where},
		{args: []string{"dead", "drop", "--all"}, prepare: everything, effect: where},
		{args: []string{"dead", "requeue"}, prepare: one, effect: logged},
		{args: []string{"dead", "drop"}, prepare: one, effect: logged},
		{args: []string{"dead", "requeue", "--all", "--stage", "notify"}, prepare: both, effect: logged},
		{args: []string{"dead", "drop", "--all", "--stage", "notify"}, prepare: both, effect: logged},
	}
}

// otherCommands change streams and articles.
func (d *failing) otherCommands(t *testing.T, all *items) []step {
	published := func(more []string) string { return fmt.Sprint(d.count(t, subject.StreamURLs, more[0])) }
	article := ""
	return []step{
		{args: []string{"publish"}, prepare: func() []string {
			return []string{"https://" + all.next() + ".example/"}
		}, effect: published},
		{args: []string{"archive", "stop", "--yes"}, prepare: func() []string {
			natstest.Reconcile(t, d.js, topology.Limits{Archive: true})
			return nil
		}, effect: func([]string) string { return d.lines(t, "", "archive", "stop") }},
		{args: []string{"erase", "--yes"}, prepare: func() []string {
			article = all.next()
			d.purge(t, subject.StreamArticles, subject.StreamRevisions, subject.StreamDead)
			d.skip(t, article)
			d.bury(t, article)
			storetest.Put(t, d.store, newArticle(article))
			d.archive(t, "https://example.com/"+article)
			return []string{"https://example.com/" + article}
		}, effect: func(more []string) string {
			return fmt.Sprintln(d.lines(t, "", "show", more[0]), d.count(t, subject.StreamArticles, article),
				d.count(t, subject.StreamRevisions, article))
		}},
		{args: []string{"repair", "--yes", "--json"}, prepare: func() []string {
			if r := d.run(t, step{args: []string{"repair", "--yes"}}, nil); r.code != 0 {
				t.Errorf("after a failure, repair fails: %s", r.errs)
			}
			article = all.next()
			d.skip(t, article)
			must(t, d.store.Record(t.Context(), []*datelinev1.Outcome{{
				RequestId: article, Url: "https://lost.example/" + article, Host: "lost.example",
				Stage: datelinev1.Stage_STAGE_INTAKE, Verdict: datelinev1.Verdict_VERDICT_PRODUCED,
				Time: timestamppb.Now(), InputId: article, OutputId: article + ".page",
			}}))
			return nil
		}, effect: func([]string) string {
			return fmt.Sprint(d.lines(t, article, "show", "https://example.com/"+article),
				d.count(t, subject.StreamFrontier, article))
		}, isPartial: func(_, got result) bool {
			return got.code != 0 && strings.Contains(got.out, `"published":false,"error":`)
		}},
		{args: []string{"reindex"}}, {args: []string{"reindex", "--all"}},
	}
}
