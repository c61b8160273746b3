package schedule

import "testing"

// A date counts as the time of appearance only after the poll before and up to the one that found the article.
func TestAppeared(t *testing.T) {
	const from, to = 1000, 2000
	for date, want := range map[int64]int64{
		from - 1: 1500, from: 1500, from + 1: from + 1, to - 1: to - 1, to: to, to + 1: 1500,
	} {
		if got := appeared(date, from, to); got != want {
			t.Errorf("an article with the date %d has appeared at %d, want %d", date, got, want)
		}
	}
}
