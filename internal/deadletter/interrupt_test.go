package deadletter_test

import (
	"context"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestInterrupted interrupts each call at each of its steps: it must fail or return the right result.
func TestInterrupted(t *testing.T) {
	_, js := natstest.Start(t)
	stream := bury(t, js,
		&datelinev1.DeadLetter{Stage: intake, Reason: "invalid_url", InputId: "1", Subject: "urls.new"},
		&datelinev1.DeadLetter{Stage: fetch, Reason: "dns", InputId: "2", Subject: "urls.new"})
	ctxtest.Reads(t, 1, map[string]func(context.Context) (any, error){
		"open and get": func(ctx context.Context) (any, error) {
			opened, err := deadletter.Open(ctx, js)
			if err != nil {
				return nil, err
			}
			letter, err := opened.Get(ctx, 2)
			return letter.GetInputId(), err
		},
		"all": func(ctx context.Context) (any, error) {
			var ids []string
			for letter, err := range stream.All(ctx, deadletter.Filter{}) {
				if err != nil {
					return nil, err
				}
				ids = append(ids, letter.GetInputId())
			}
			return ids, nil
		},
	})
	t.Run("drop", func(t *testing.T) {
		letter, err := stream.Get(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		ctxtest.Interrupt(t, 1, func(ctx context.Context) error {
			err := stream.Drop(ctx, letter)
			if err == nil {
				for letter, err := range stream.All(t.Context(), deadletter.Filter{}) {
					if err != nil || letter.Number == 1 {
						t.Errorf("a dropped letter is still there: %+v, %v", letter, err)
					}
				}
			}
			return err
		})
	})
	t.Run("expire", func(t *testing.T) {
		ctxtest.Interrupt(t, 1, func(ctx context.Context) error {
			_, err := deadletter.Expire(ctx, js, time.Now(), 10)
			if err == nil {
				for letter, err := range stream.All(t.Context(), deadletter.Filter{}) {
					t.Errorf("letter %d is still there, %v", letter.Number, err)
				}
			}
			return err
		})
	})
}
