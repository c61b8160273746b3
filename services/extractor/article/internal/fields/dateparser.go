package fields

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

const (
	// maxFuture is the maximum time from the fetch to a date. Zones and clocks differ.
	maxFuture = 48 * time.Hour
	// minYear is the first year of the web; earlier dates are those of events.
	minYear = 1990
	// maxDateVotes is the maximum number of numeric dates of a page that are
	// examined for the order of day and month.
	maxDateVotes = 40
)

// dateParser parses the dates of one page.
type dateParser struct {
	latest time.Time // later dates are rejected
	// american reports whether the page probably follows the custom of the United
	// States.
	american bool
	// votes returns the number of the page's numeric dates that can be read only with
	// the month first, minus those that can be read only with the day first.
	votes func() int
}

func newDateParser(p *page.Page, f *facts.Facts) *dateParser {
	latest := p.Fetched
	if latest.IsZero() {
		latest = time.Now()
	}
	return &dateParser{
		latest:   latest.Add(maxFuture),
		american: american(p, f),
		votes:    sync.OnceValue(func() int { return monthVotes(p.Text) }),
	}
}

// american reports whether a page probably writes the month first, which is the custom of
// the United States: it is in English or declares no language, and is not from a country
// with another custom.
func american(p *page.Page, f *facts.Facts) bool {
	if f.Language != "en" && f.Language != "" {
		return false
	}
	if p.Base != nil {
		host := p.Base.Hostname()
		for _, tld := range []string{
			".uk", ".au", ".nz", ".in", ".ie", ".za", ".pk", ".ng", ".ke", ".my", ".sg",
		} {
			if strings.HasSuffix(host, tld) {
				return false
			}
		}
	}
	return !strings.HasPrefix(strings.ToLower(f.Meta["og:locale"]), "en_gb")
}

// parse returns the first date in a text, or nil if there is none or it is not
// credible.
func (d *dateParser) parse(text string) *dates.Date {
	if !dates.HasNumber(text) {
		return nil
	}
	date, ok := dates.Find(text, d.monthFirst(text))
	if !ok || date.Time.After(d.latest) || date.Time.Year() < minYear {
		return nil
	}
	return &date
}

// numericDate matches a date that consists of numbers.
var numericDate = regexp.MustCompile(`\b(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d\d)\b`)

// monthFirst reports whether 4/5/2025 is in April. Dates of the page that can be read in
// only one order decide. Without such dates, the month is first on American pages.
func (d *dateParser) monthFirst(text string) bool {
	if strings.ContainsAny(text, "/-") && numericDate.MatchString(text) {
		if votes := d.votes(); votes != 0 {
			return votes > 0
		}
	}
	return d.american
}

// maxMonth is the number of the last month; a greater number is a day.
const maxMonth = 12

func monthVotes(text []byte) int {
	votes := 0
	for _, m := range numericDate.FindAllSubmatch(text, maxDateVotes) {
		first, _ := strconv.Atoi(string(m[1]))
		second, _ := strconv.Atoi(string(m[2]))
		switch {
		case first > maxMonth && second <= maxMonth:
			votes--
		case second > maxMonth && first <= maxMonth:
			votes++
		}
	}
	return votes
}
