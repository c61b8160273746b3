package forms

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
)

var update = flag.Bool("update", false, "write the expected messages")

// distinctEvent returns an event in which no two fields are equal.
func distinctEvent() Event {
	return Event{
		ID: "id-of-event", Type: TypeChanged, Time: time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC),
		Subscription: "name-of-subscription", ArticleID: "id-of-article", Revision: 12, Story: "id-of-story",
		Changes: &textdiff.Difference{
			Title: []textdiff.Run{{Kind: textdiff.Added, Text: "title in changes"}},
			Text:  []textdiff.Run{{Kind: textdiff.Removed, Text: "text in changes"}},
		},
		Article: &datelinev1.Article{
			Id: "id-in-record", CanonicalUrl: "https://host.example/url", Host: "host.example",
			SiteName: "Name of Site", Title: "Title <a> & b", Summary: "Summary <c> & d", Text: "Text <e> & f",
			Section: "Section", Kicker: "Kicker",
			Dateline: "Place", Language: "nn", Access: datelinev1.Access_ACCESS_PAYWALLED,
			ContentHash: "hash-of-content",
			Authors:     []*datelinev1.Author{{Name: "First Author"}, {Name: "Second Author"}},
			Tags:        []string{"first tag", "second tag"}, WordCount: 34, Labels: map[string]string{"desk": "harbour"},
			Images: []*datelinev1.Image{{
				Url: "https://pictures.example/one.jpg", Caption: "Caption", Credit: "Photographer",
			}},
			Published: &datelinev1.PublicationTime{
				Value: timestamppb.New(time.Date(2025, 11, 12, 13, 14, 15, 0, time.UTC)),
			},
		},
	}
}

// allFields is a template with each field and function.
const allFields = `{{.ID}}|{{.Type}}|{{.Time}}|{{.Subscription}}|{{.ArticleID}}|{{.Revision}}|{{.Title}}|` +
	`{{.Summary}}|{{.Text}}|{{.URL}}|{{.Host}}|{{.Site}}|{{.Section}}|{{.Kicker}}|{{.Dateline}}|{{.Language}}|` +
	`{{.Access}}|{{.Published}}|{{.Words}}|{{.Labels.desk}}|{{.Truncated}}|{{join "+" .Authors}}|` +
	`{{join "+" .Tags}}|{{join "+" .Images}}|{{json .Title}}|{{html .Title}}|{{urlquery .Title}}|` +
	`{{upper .Title}}|{{lower .Title}}|{{trim " x "}}|{{line "x  y"}}|{{markdown "*x*"}}|{{truncate 7 .Title}}|` +
	`{{default "other" ""}}|{{date "02 Jan 2006" .Published}}` + "\n"

// TestEachFieldHasItsPlace compares an event in each form with a file in testdata.
func TestEachFieldHasItsPlace(t *testing.T) {
	t.Parallel()
	for _, form := range All() {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if IsFile(form) {
				if err := WriteFile(&got, form, []Event{distinctEvent()}); err != nil {
					t.Fatal(err)
				}
				if form == Parquet {
					writeColumns(t, &got)
				}
			} else {
				source := ""
				if form == Template {
					source = allFields
				}
				m, err := Render(form, source, distinctEvent())
				if err != nil {
					t.Fatal(err)
				}
				got.WriteString("Content-Type: " + m.ContentType + "\n")
				for _, name := range slices.Sorted(maps.Keys(m.Header)) {
					got.WriteString(name + ": " + m.Header[name] + "\n")
				}
				got.WriteString("\n" + string(m.Body) + "\n")
			}
			name := filepath.Join("testdata", form+".txt")
			if *update {
				if err := os.WriteFile(name, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got.String(), want)
			}
		})
	}
}

// writeColumns writes the columns of a Parquet file that has one row.
func writeColumns(t *testing.T, out *bytes.Buffer) {
	t.Helper()
	data := bytes.Clone(out.Bytes())
	out.Reset()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	rows := file.RowGroups()[0].Rows()
	defer rows.Close()
	read := make([]parquet.Row, 1)
	if n, err := rows.ReadRows(read); n != 1 || file.NumRows() != 1 {
		t.Fatalf("%d of %d rows, %v", n, file.NumRows(), err)
	}
	for _, value := range read[0] {
		fmt.Fprintf(out, "%s: %s\n", strings.Join(file.Schema().Columns()[value.Column()], "."), value)
	}
}
