package seen

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
)

// TestUndo takes claims back: of a URL without a mark, of one with the mark of an earlier request, and of both
// after another request has claimed the URL.
func TestUndo(t *testing.T) {
	_, js := natstest.Start(t)
	marks := opened(t, js)
	mustClaim(t, marks, "first", "known", "taken")
	claim := func(url, request string) Claimed {
		mark := Mark{Request: request, Input: request, Time: time.Now()}
		claimed := marks.ClaimAll(t.Context(), []Claim{{Key: url, Mark: mark, Force: true}})[0]
		if claimed.Err != nil || !claimed.OK {
			t.Fatalf("claiming %s: %+v", url, claimed)
		}
		return claimed
	}
	claims := map[string]Claimed{"fresh": claim("fresh", "second"), "known": claim("known", "second")}
	claims["taken"] = claim("taken", "second")
	claims["fresh-taken"] = claim("fresh-taken", "second")
	claim("taken", "third")
	claim("fresh-taken", "third")
	for url, want := range map[string]string{"fresh": "", "known": "first", "taken": "third", "fresh-taken": "third"} {
		if err := marks.Undo(t.Context(), url, claims[url]); err != nil {
			t.Fatal(err)
		}
		if got, _ := request(t, marks, url); got != want {
			t.Errorf("the request of %s is %q after its claim was undone, want %q", url, got, want)
		}
	}
	mustClaim(t, marks, "third", "fresh")
}
