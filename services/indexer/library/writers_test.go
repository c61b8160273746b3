package library

import (
	"errors"
	"fmt"
	"io"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// errFull is the error of a disk that is full.
var errFull = errors.New("no space left")

// filling writes some parts, and fails from then on.
type filling struct{ left, written int }

func (f *filling) Write(data []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	f.written++
	return len(data), nil
}

// TestExportsThatEndEarly has each write of each format fail in turn, and the search that yields the articles.
func TestExportsThatEndEarly(t *testing.T) {
	errSearch := errors.New("the search has failed")
	for name, write := range map[string]func(io.Writer, func(yield func(store.Hit, error) bool)) error{
		"jsonl": WriteJSONLines, "csv": WriteCSV, "parquet": WriteParquet,
	} {
		hits := func(last error) func(yield func(store.Hit, error) bool) {
			return func(yield func(store.Hit, error) bool) {
				for i := range parquetGroup + 2 { // more than a group of rows
					hit := store.Hit{ID: fmt.Sprint(i), Article: &datelinev1.Article{Id: fmt.Sprint(i), Text: "text"}}
					if !yield(hit, nil) {
						return
					}
				}
				if last != nil {
					yield(store.Hit{}, last)
				}
			}
		}
		whole := &filling{left: 1 << 30}
		if err := write(whole, hits(nil)); err != nil || whole.written < 1 {
			t.Errorf("%s: %v after %d writes", name, err, whole.written)
		}
		for n := range whole.written {
			if n > 3 && n < whole.written-3 { // they are alike
				continue
			}
			if err := write(&filling{left: n}, hits(nil)); !errors.Is(err, errFull) {
				t.Errorf("%s: write %d of %d fails, and the error is %v", name, n+1, whole.written, err)
			}
		}
		if err := write(io.Discard, hits(errSearch)); !errors.Is(err, errSearch) {
			t.Errorf("%s: the search fails, and the error is %v", name, err)
		}
	}
}
