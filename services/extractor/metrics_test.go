package extractor

import (
	"slices"
	"testing"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// The package article is a library of its own and cannot use the table.
func TestTheTableOfOutcomesListsTheReasonsOfArticles(t *testing.T) {
	var listed []article.Reason
	for _, e := range outcome.OfStage(subject.StageName(datelinev1.Stage_STAGE_EXTRACT)) {
		// A page that does not continue an article may be one of its own.
		if e.Verdict == datelinev1.Verdict_VERDICT_REJECTED && e.Reason != outcome.NotContinued {
			listed = append(listed, article.Reason(e.Reason))
		}
	}
	if want := slices.Sorted(slices.Values(article.Reasons)); !slices.Equal(listed, want) {
		t.Errorf("the table lists %q, want %q", listed, want)
	}
}
