package extractor

import (
	"context"
	"errors"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// Extraction turns pages into records in the same way as the stage, for commands that
// extract stored pages again. It is safe for concurrent use.
type Extraction struct {
	options article.Options
	timeout time.Duration
}

// NewExtraction returns an Extraction for a valid configuration. The error names every
// rule for sites that is invalid.
func NewExtraction(config Config) (*Extraction, error) {
	options, err := config.Options()
	return &Extraction{options, config.Timeout}, err
}

// StoredPage is a page with its body as the origin sent it.
type StoredPage struct {
	*datelinev1.Page

	Content []byte
}

// Record returns the record of the article on the given pages, the first page first. The
// record does not say where the pages are stored, nor when it was made. If a page has no
// article, article.ReasonOf gives the reason of the error.
func (x *Extraction) Record(ctx context.Context, pages ...StoredPage) (*datelinev1.Article, error) {
	if len(pages) == 0 {
		return nil, errors.New("extracting an article: there is no page")
	}
	read := make([]fetchedPage, len(pages))
	for i, page := range pages {
		found, err := x.extract(ctx, sourceOf(page.Page, page.Content))
		if err != nil {
			return nil, err
		}
		read[i] = fetchedPage{Page: page.Page, found: found}
	}
	if len(read) == 1 {
		return toRecord(read[0].found, read[0].Page), nil
	}
	return joined(read), nil
}

// extract extracts a page within the configured timeout.
func (x *Extraction) extract(ctx context.Context, source article.Page) (*article.Article, error) {
	limited, cancel := context.WithTimeout(ctx, x.timeout)
	defer cancel()
	return article.Extract(limited, source, x.options)
}
