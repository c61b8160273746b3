package bus_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
)

func TestIsConflict(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"no error":                        {nil, false},
		"another error":                   {errors.New("timeout"), false},
		"another code":                    {&jetstream.APIError{ErrorCode: jetstream.JSErrCodeStreamNotFound}, false},
		"code of a single server":         {&jetstream.APIError{ErrorCode: 10071}, true},
		"code of a replicated stream":     {&jetstream.APIError{ErrorCode: 10164}, true},
		"wrapped code":                    {fmt.Errorf("renewing: %w", &jetstream.APIError{ErrorCode: 10164}), true},
		"create of a key that exists":     {fmt.Errorf("creating: %w", jetstream.ErrKeyExists), true},
		"update with an outdated version": {fmt.Errorf("updating: %w", jetstream.ErrKeyRevisionMismatch), true},
	} {
		if got := bus.IsConflict(test.err); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
