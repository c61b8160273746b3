package sample

import (
	"errors"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

func TestDecode(t *testing.T) {
	for data, want := range map[string]error{
		`{"busy":true,"error":"busy"}`:       ErrBusy,
		`{"missing":true,"error":"missing"}`: subscriptions.ErrNotFound,
	} {
		if _, err := decode([]byte(data)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", data, err, want)
		}
	}
	for data, want := range map[string]string{
		`{`: "decoding", `{"error":"no store"}`: "no store", `{}`: "sending a sample",
	} {
		if _, err := decode([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", data, err, want)
		}
	}
	got, err := decode([]byte(`{"result":{"request":"POST /","accepted":true,"status":204,"seconds":0.5}}`))
	if want := (Result{Request: "POST /", Accepted: true, Status: 204, Seconds: 0.5}); err != nil || got != want {
		t.Errorf("decoded %+v, %v", got, err)
	}
}
