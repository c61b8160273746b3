package body

import "github.com/dateline-news/dateline/services/extractor/article/internal/fields"

// dropNextArticles drops the articles that follow the article on the same page.
func (s *selection) dropNextArticles() {
	next := fields.NextArticle(s.Page, s.Headline)
	if next == 0 {
		return
	}
	for i := s.from; i < s.to; i++ {
		if s.Runs[i].Elem >= next {
			s.drop(i, DroppedAfter)
		}
	}
}
