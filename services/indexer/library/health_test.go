package library

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestDriftAlarmsOfAHost checks that an alarm that cannot be decoded hides no other.
func TestDriftAlarmsOfAHost(t *testing.T) {
	_, js := natstest.Start(t)
	bucket, err := js.KeyValue(t.Context(), subject.BucketDrift)
	if err != nil {
		t.Fatal(err)
	}
	raised, err := proto.Marshal(&datelinev1.DriftAlarm{Host: "example.com", Raised: true, Recent: 0.9, Usual: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	for signal, value := range map[datelinev1.DriftSignal][]byte{
		datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE:   []byte("\xff\xff"),
		datelinev1.DriftSignal_DRIFT_SIGNAL_NO_AUTHOR: raised,
	} {
		if _, err := bucket.Put(t.Context(), subject.DriftAlarm("com.example", signal), value); err != nil {
			t.Fatal(err)
		}
	}
	text, err := New(nil, js).driftAlarms(t.Context(), "example.com")
	if err != nil || !strings.Contains(text, "drift alarm no_author: 90 %") ||
		!strings.Contains(text, "drift alarm no_date is unreadable") {
		t.Errorf("alarms %q, %v; want one, and one that is unreadable", text, err)
	}
}
