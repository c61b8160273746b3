package ledger_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestCutKeepsTextValid(t *testing.T) {
	for _, text := range []string{
		"", "short", "bad \xff byte", strings.Repeat("é", ledger.MaxText), strings.Repeat("x", ledger.MaxText) + "y",
	} {
		got := ledger.Cut(text)
		if !utf8.ValidString(got) || len(got) > ledger.MaxText+utf8.UTFMax {
			t.Errorf("%.10q…: got %d bytes, valid: %v", text, len(got), utf8.ValidString(got))
		}
	}
	if got := ledger.Cut("short"); got != "short" {
		t.Errorf("got %q, want the text unchanged", got)
	}
}

func TestMessageUsesTheBufferIfItFits(t *testing.T) {
	buffer := make([]byte, 0, 1024)
	msg, err := ledger.MessageIn(buffer, subject.URLs, "id", &datelinev1.FetchRequest{Url: "https://example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	if &msg.Data[0] != &buffer[:1][0] {
		t.Error("the payload is not in the buffer")
	}
	if msg.Header.Get(nats.MsgIdHdr) != "id" || msg.Header.Get(ledger.ContentType) != ledger.Protobuf {
		t.Errorf("the message has the headers %v", msg.Header)
	}
}

func TestMessageIDNamesOneMessage(t *testing.T) {
	stored := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	ids := map[string]bool{
		ledger.MessageID("PAGES", 5, stored): true,
		// The stream was declared again.
		ledger.MessageID("PAGES", 5, stored.Add(time.Hour)): true,
		ledger.MessageID("PAGES", 6, stored):                true,
	}
	if len(ids) != 3 {
		t.Errorf("the ids of three messages are %v", ids)
	}
}

// TestIDsAreBounded publishes ids from outside: a long one is replaced by its hash, so that two of them still differ.
func TestIDsAreBounded(t *testing.T) {
	const longest = 512
	id := func(id string) string {
		t.Helper()
		msg, err := ledger.Message(subject.URLs, id, &datelinev1.FetchRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return msg.Header.Get(nats.MsgIdHdr)
	}
	whole, long := strings.Repeat("x", longest), strings.Repeat("x", longest+1)
	if got := id(whole); got != whole {
		t.Errorf("an id of %d bytes becomes %q", longest, got)
	}
	if got := id(long); len(got) > longest || got == id(long+"y") || got != id(long) {
		t.Errorf("an id of %d bytes becomes %q", len(long), got)
	}
}
