package discoverer

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

func TestFits(t *testing.T) {
	day := func(month time.Month, day int) time.Time { return time.Date(2019, month, day, 0, 0, 0, 0, time.UTC) }
	march := sources.BackfillRange{Since: day(3, 1), Until: day(3, 31)}
	open := sources.BackfillRange{Since: day(3, 1)}
	for name, test := range map[string]struct {
		path   string
		item   found.Item
		within sources.BackfillRange
		want   fit
	}{
		"no range":                    {"/a", found.Item{}, sources.BackfillRange{}, inside},
		"no date":                     {"/a", found.Item{}, march, unsure},
		"published":                   {"/2001/01/a", found.Item{Published: day(3, 2)}, march, inside},
		"published before":            {"/a", found.Item{Published: day(2, 2), Modified: day(3, 2)}, march, outside},
		"published after":             {"/a", found.Item{Published: day(4, 1)}, march, outside},
		"changed before":              {"/a", found.Item{Modified: day(2, 2)}, march, outside},
		"changed within":              {"/a", found.Item{Modified: day(3, 2)}, march, inside},
		"changed after":               {"/a", found.Item{Modified: day(4, 2)}, march, unsure},
		"changed after an open range": {"/a", found.Item{Modified: day(4, 2)}, open, inside},
		"day in the path":             {"/2019/03/31/a", found.Item{Modified: day(4, 2)}, march, inside},
		"day in the name":             {"/news/2019-04-01-ferry", found.Item{}, march, outside},
		"month in the path":           {"/2019/03/ferry", found.Item{}, march, inside},
		"month before the range":      {"/2019/02/ferry", found.Item{}, march, outside},
		"number other than a date":    {"/2019/13/ferry", found.Item{}, march, unsure},
		"day that the month lacks":    {"/2019/02/31/ferry", found.Item{}, march, outside},
		"date in the query":           {"/a?d=/2019/03/02/", found.Item{}, march, unsure},
	} {
		url, err := weburl.Parse("https://example.com" + test.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := spanOf(url, test.item).fits(test.within); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
