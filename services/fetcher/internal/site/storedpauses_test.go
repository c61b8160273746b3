package site

import (
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/weburl"
)

// stored reads the value of a key into v, and returns the revision of the key, or 0 if the key does not exist.
func stored(t *testing.T, kv jetstream.KeyValue, key string, v any) uint64 {
	t.Helper()
	entry, err := kv.Get(t.Context(), key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0
	}
	if err == nil {
		err = json.Unmarshal(entry.Value(), v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return entry.Revision()
}

// TestStoredPauseFollowsTheUsualOne checks which pauses are stored: those that become longer, with a quarter more, so
// that response times that vary cause few writes, and once a day those that have become shorter.
func TestStoredPauseFollowsTheUsualOne(t *testing.T) {
	_, js := natstest.Start(t)
	clock := time.Now()
	pauses, err := OpenPauses(t.Context(), js, time.Second, time.Hour, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	url, err := weburl.Parse("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	var last uint64
	for i, step := range []struct {
		after, length time.Duration
		want          time.Duration
		written       bool
	}{
		{0, time.Second, 0, false},
		{0, 4 * time.Second, 5 * time.Second, true},
		{0, 5 * time.Second, 5 * time.Second, false},
		{0, 2 * time.Second, 5 * time.Second, false},
		{0, 8 * time.Second, 10 * time.Second, true},
		{refreshPause, 2 * time.Second, 10 * time.Second, false},
		{1, 2 * time.Second, 2 * time.Second, true},
		{refreshPause + 1, 2 * time.Second, 2 * time.Second, true}, // the bucket drops what is not written
		{refreshPause + 1, time.Second, 0, true},
		{refreshPause + 1, time.Second, 0, false},
	} {
		clock = clock.Add(step.after)
		if err := pauses.Usual(t.Context(), url, step.length); err != nil {
			t.Fatal(err)
		}
		var got hosts.Pause
		revision := stored(t, pauses.kv, pauseKey(url), &got)
		if written := revision != last; got.Length != step.want || written != step.written {
			t.Errorf("step %d, a pause of %s: %s is stored (written: %t), want %s (%t)",
				i, step.length, got.Length, written, step.want, step.written)
		}
		last = revision
	}
}

// TestQueueIsStoredIfItExplainsAWait stores that a host waits for its turn only if it waits long, and for others.
func TestQueueIsStoredIfItExplainsAWait(t *testing.T) {
	nc, js := natstest.Start(t)
	clock := time.Now().UTC()
	pauses, err := OpenPauses(t.Context(), js, time.Second, time.Hour, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	for text, test := range map[string]struct {
		wait   time.Duration
		others int
		kept   bool
	}{
		"https://short.example/": {minQueue - 1, 3, false},
		"https://alone.example/": {time.Minute, 0, false},
		"https://long.example/":  {minQueue, 1, true},
	} {
		url, err := weburl.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := pauses.Queue(url, test.wait, test.others); err != nil {
			t.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		// A write that is acknowledged comes after the one that is not.
		if _, err := pauses.kv.Put(t.Context(), "after", nil); err != nil {
			t.Fatal(err)
		}
		var got hosts.Turn
		kept := stored(t, pauses.kv, hosts.TurnKey(url.SubjectHost()), &got) > 0
		if kept != test.kept || kept && (got.Others != test.others || !got.Until.Equal(clock.Add(test.wait))) {
			t.Errorf("%s: stored %t, %+v, want %t", text, kept, got, test.kept)
		}
	}
}

// TestCachesAreBounded fills a cache: each further entry replaces another.
func TestCachesAreBounded(t *testing.T) {
	cache := map[string]bool{}
	for i := range maxSites + 100 {
		makeRoom(cache)
		cache[strconv.Itoa(i)] = true
	}
	if len(cache) != maxSites {
		t.Errorf("the cache has %d entries, want %d", len(cache), maxSites)
	}
}
