package access_test

import (
	"context"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestRefusedStatements has each kind of statement of each write fail in turn.
func TestRefusedStatements(t *testing.T) {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	var entry int64
	fill := func(t *testing.T, s store.Store) {
		t.Helper()
		a := access.Of(s)
		if _, _, err := a.Create(t.Context(), "desk", []access.Scope{access.Read}, time.Time{}, at); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Begin(t.Context(), "desk", "erase", "old", at.Add(-500*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		var err error
		if entry, err = a.Begin(t.Context(), "desk", "erase", "x", at.Add(-300*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		// As if a million entries followed.
		if _, err := s.SQL().Writer.ExecContext(t.Context(), `INSERT INTO audit_log (id, time, actor, action, object, result)
			VALUES (1000100, $1, 'desk', 'erase', 'y', '')`, store.Micros(at)); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Refuse(t, fill, map[string]func(context.Context, store.Store) error{
		"create": func(ctx context.Context, s store.Store) error {
			_, _, err := access.Of(s).Create(ctx, "other", []access.Scope{access.Read}, time.Time{}, at)
			return err
		},
		"revoke": func(ctx context.Context, s store.Store) error { return access.Of(s).Revoke(ctx, "desk") },
		"begin an action": func(ctx context.Context, s store.Store) error {
			_, err := access.Of(s).Begin(ctx, "desk", "erase", "z", at)
			return err
		},
		"end an action": func(ctx context.Context, s store.Store) error {
			return access.Of(s).End(ctx, entry, "done")
		},
	})
}
