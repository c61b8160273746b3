package library

import (
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// TextNote returns a note that the text of a revision was deleted because of its age, or
// nothing if it was not.
func TextNote(r store.Revision) string {
	if r.TextRemoved.IsZero() {
		return ""
	}
	return fmt.Sprintf("the text of revision %d was deleted on %s because of its age (indexer.keep-revision-texts)",
		r.Number, r.TextRemoved.UTC().Format(time.DateOnly))
}
