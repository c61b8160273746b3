package library

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/parquet-go/parquet-go"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// walkPage is the number of articles read at once: enough to amortize the round
// trip to the database, few enough that no long transaction blocks writers.
const walkPage = 200

// Walk yields all articles that match a query, newest first. It ends after
// yielding an error.
func (l *Library) Walk(ctx context.Context, query store.Query) iter.Seq2[store.Hit, error] {
	return Walk(ctx, l, query)
}

// Searcher returns pages of articles, like store.Reader.
type Searcher interface {
	Search(ctx context.Context, query store.Query) (store.Page, error)
}

// Walk is like Library.Walk, but reads from any source of pages.
func Walk(ctx context.Context, s Searcher, query store.Query) iter.Seq2[store.Hit, error] {
	query.Limit, query.ByRank, query.WithoutSnippets = walkPage, false, true
	return func(yield func(store.Hit, error) bool) {
		for {
			page, err := s.Search(ctx, query)
			if err != nil {
				yield(store.Hit{}, err)
				return
			}
			for _, hit := range page.Hits {
				if !yield(hit, nil) {
					return
				}
			}
			if query.After = page.Next; page.Next == "" {
				return
			}
		}
	}
}

// WriteJSONLines writes each article's record as JSON on a line of its own.
func WriteJSONLines(w io.Writer, hits func(yield func(store.Hit, error) bool)) error {
	var compact bytes.Buffer
	for hit, err := range hits {
		if err != nil {
			return err
		}
		line, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(hit.Article)
		if err != nil {
			return fmt.Errorf("encoding article %s: %w", hit.ID, err)
		}
		// protojson varies its spacing on purpose. The same articles must give the same file.
		compact.Reset()
		if err := json.Compact(&compact, line); err != nil {
			return fmt.Errorf("encoding article %s: %w", hit.ID, err)
		}
		compact.WriteByte('\n')
		if _, err := w.Write(compact.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// ParquetRow is a row of an export in Apache Parquet.
type ParquetRow struct {
	ID            string    `parquet:"id"`
	URL           string    `parquet:"url"`
	Host          string    `parquet:"host,dict"`
	SiteName      string    `parquet:"site_name,dict"`
	Title         string    `parquet:"title"`
	Summary       string    `parquet:"summary"`
	Section       string    `parquet:"section,dict"`
	Authors       []string  `parquet:"authors,list"`
	Tags          []string  `parquet:"tags,list"`
	Language      string    `parquet:"language,dict"`
	Access        string    `parquet:"access,dict"`
	Dateline      string    `parquet:"dateline"`
	PublishedTime time.Time `parquet:"published_time,optional,timestamp(microsecond)"`
	ModifiedTime  time.Time `parquet:"modified_time,optional,timestamp(microsecond)"`
	FirstSeen     time.Time `parquet:"first_seen,timestamp(microsecond)"`
	LastSeen      time.Time `parquet:"last_seen,timestamp(microsecond)"`
	Revisions     int32     `parquet:"revisions"`
	WordCount     int32     `parquet:"word_count"`
	Story         string    `parquet:"story"`
	ContentHash   string    `parquet:"content_hash"`
	Text          string    `parquet:"text,zstd"`
}

// parquetGroup is the number of rows per row group.
const parquetGroup = 1000

// WriteParquet writes the articles as Apache Parquet, one row each. It writes
// row groups of 1,000 articles, so memory use does not depend on the number of
// articles.
func WriteParquet(w io.Writer, hits func(yield func(store.Hit, error) bool)) error {
	out := parquet.NewGenericWriter[ParquetRow](w, parquet.Compression(&parquet.Zstd),
		parquet.CreatedBy("dateline", "", ""))
	rows := make([]ParquetRow, 0, parquetGroup)
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		if _, err := out.Write(rows); err != nil {
			return err
		}
		rows = rows[:0]
		return out.Flush()
	}
	for hit, err := range hits {
		if err != nil {
			return err
		}
		if rows = append(rows, parquetRow(hit)); len(rows) == parquetGroup {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return out.Close()
}

func parquetRow(hit store.Hit) ParquetRow {
	a := hit.Article
	row := ParquetRow{
		ID: hit.ID, URL: a.GetCanonicalUrl(), Host: a.GetHost(), SiteName: a.GetSiteName(), Title: a.GetTitle(),
		Summary: a.GetSummary(),
		Section: a.GetSection(), Authors: authorNames(a), Tags: a.GetTags(), Language: a.GetLanguage(),
		Access:   store.AccessName(a.GetAccess()),
		Dateline: a.GetDateline(), FirstSeen: hit.FirstSeen, LastSeen: hit.LastSeen, Revisions: int32(hit.Revisions),
		WordCount: a.GetWordCount(), Story: hit.Story, ContentHash: a.GetContentHash(), Text: a.GetText(),
	}
	if t := a.GetPublished().GetValue(); t != nil && t.IsValid() {
		row.PublishedTime = t.AsTime()
	}
	if t := a.GetModified().GetValue(); t != nil && t.IsValid() {
		row.ModifiedTime = t.AsTime()
	}
	return row
}
