package article_test

import (
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
)

// articleness returns the score of a made page, and whether it is accepted as an article.
func articleness(t *testing.T, made evaluation.MadePage) (score int, accepted bool) {
	t.Helper()
	e, err := article.Explain(t.Context(), article.Page{URL: made.URL, Body: []byte(made.HTML)}, article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e.Articleness, e.Err == nil
}

// The two errors about the kind of a page are measured together: a rule that lowers one
// can raise the other.
func TestListsAndShortArticlesAreToldApart(t *testing.T) {
	t.Parallel()
	var lists, articles []int
	acceptedLists, refusedArticles := 0, 0
	for _, made := range evaluation.MadePages() {
		score, accepted := articleness(t, made)
		switch {
		case made.List:
			lists = append(lists, score)
			if accepted {
				acceptedLists++
				t.Logf("accepted list: %s, score %d", made.Name, score)
			}
		default:
			articles = append(articles, score)
			if !accepted {
				refusedArticles++
				t.Logf("refused article: %s, score %d", made.Name, score)
			}
		}
	}
	for _, limit := range []int{-6, -3, -2, -1, 0, 1, 2, 3, 6} {
		t.Logf("at least %d: %.3f of %d articles refused as lists, %.3f of %d lists not recognised", limit,
			below(articles, limit), len(articles), 1-below(lists, limit), len(lists))
	}
	t.Logf("accepted lists: %d of %d; refused articles: %d of %d", acceptedLists, len(lists), refusedArticles,
		len(articles))
	const maxAcceptedLists, maxRefusedArticles = 0, 0
	if acceptedLists > maxAcceptedLists || refusedArticles > maxRefusedArticles {
		t.Errorf("%d lists are accepted, want at most %d; %d articles are refused, want at most %d", acceptedLists,
			maxAcceptedLists, refusedArticles, maxRefusedArticles)
	}
}

// below returns the share of scores below a limit.
func below(scores []int, limit int) float64 {
	n := 0
	for _, s := range scores {
		if s < limit {
			n++
		}
	}
	return float64(n) / float64(len(scores))
}
