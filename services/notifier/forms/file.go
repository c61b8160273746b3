package forms

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// row is an event in a file of CSV or Parquet.
type row struct {
	MessageID     string    `parquet:"message_id"`
	Type          string    `parquet:"type,dict"`
	Time          time.Time `parquet:"time,timestamp(microsecond)"`
	Subscription  string    `parquet:"subscription,dict"`
	ArticleID     string    `parquet:"article_id"`
	Revision      int32     `parquet:"revision"`
	URL           string    `parquet:"url"`
	Host          string    `parquet:"host,dict"`
	SiteName      string    `parquet:"site_name,dict"`
	Title         string    `parquet:"title"`
	Summary       string    `parquet:"summary"`
	Section       string    `parquet:"section,dict"`
	Authors       []string  `parquet:"authors,list"`
	Tags          []string  `parquet:"tags,list"`
	Language      string    `parquet:"language,dict"`
	PublishedTime time.Time `parquet:"published_time,optional,timestamp(microsecond)"`
	WordCount     int32     `parquet:"word_count"`
	ContentHash   string    `parquet:"content_hash"`
	Text          string    `parquet:"text,zstd"`
}

// columns are the names of the columns of a row.
var columns = []string{
	"message_id", "type", "time", "subscription", "article_id", "revision", "url", "host", "site_name", "title", "summary",
	"section", "authors", "tags", "language", "published_time", "word_count", "content_hash", "text",
}

func rowOf(e Event) row {
	v := viewOf(e)
	return row{
		MessageID: e.ID, Type: e.Type, Time: e.Time, Subscription: e.Subscription, ArticleID: e.ArticleID,
		Revision: int32(e.Revision), URL: v.URL, Host: v.Host, SiteName: e.Article.GetSiteName(), Title: v.Title,
		Summary: v.Summary, Section: v.Section, Authors: v.Authors, Tags: v.Tags, Language: v.Language,
		PublishedTime: v.Published, WordCount: int32(v.Words), ContentHash: e.Article.GetContentHash(), Text: v.Text,
	}
}

// WriteFile writes events as a file in a form of files: messages in the form Dateline with their id as JSON Lines,
// or rows.
func WriteFile(w io.Writer, form string, events []Event) error {
	switch form {
	case JSONLines:
		return writeLines(w, events)
	case CSV:
		return writeCSV(w, events)
	case Parquet:
		return writeParquet(w, events)
	}
	return fmt.Errorf("there is no form of files %.40q", form)
}

func writeLines(w io.Writer, events []Event) error {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for _, e := range events {
		data, err := dataOf(e)
		if err != nil {
			return err
		}
		err = lines.Encode(struct {
			ID string `json:"id"`
			payload
		}{e.ID, payload{Type: e.Type, Timestamp: e.Time, Version: payloadVersion, Data: data}})
		if err != nil {
			return fmt.Errorf("encoding message %s: %w", e.ID, err)
		}
	}
	return nil
}

// formulaStarts are the characters that make a spreadsheet run a cell.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

func writeCSV(w io.Writer, events []Event) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(columns); err != nil {
		return err
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	for _, e := range events {
		r := rowOf(e)
		cells := []string{
			r.MessageID, r.Type, at(r.Time), r.Subscription, r.ArticleID, strconv.Itoa(int(r.Revision)), r.URL, r.Host,
			r.SiteName, r.Title, r.Summary, r.Section, strings.Join(r.Authors, "; "), strings.Join(r.Tags, "; "), r.Language,
			at(r.PublishedTime), strconv.Itoa(int(r.WordCount)), r.ContentHash, r.Text,
		}
		for i, cell := range cells {
			if strings.IndexAny(cell, formulaStarts) == 0 {
				cells[i] = "'" + cell
			}
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func writeParquet(w io.Writer, events []Event) error {
	out := parquet.NewGenericWriter[row](w, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("dateline", "", ""))
	for _, e := range events {
		if _, err := out.Write([]row{rowOf(e)}); err != nil {
			return err
		}
	}
	return out.Close()
}
