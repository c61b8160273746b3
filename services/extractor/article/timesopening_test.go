package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// Agencies and authorities write the date before the first sentence. The date of an event
// in the first sentence is not the date of publication.
func TestPublishedBeforeTheFirstSentence(t *testing.T) {
	t.Parallel()
	const rest = "The harbour board has voted to close the old pier for the winter, after divers found cracks in nine " +
		"of its piles."
	for name, c := range map[string]struct{ first, want string }{
		"date and dash":           {"27.1.2022 - " + rest, "2022-01-27"},
		"place and date":          {"Oldquay, 12 May 2021 – " + rest, "2021-05-12"},
		"place, date in brackets": {"Oldquay (12.11.2021). " + rest, "2021-11-12"},
		"kind of text and date":   {"Pressemitteilung vom 25. Januar 2022 | " + rest, "2022-01-25"},
		"month first":             {"OLDQUAY, May 12, 2021 — " + rest, "2021-05-12"},
		"element":                 {"<span>31. Oktober 2023.</span> " + rest, "2023-10-31"},
		"Japanese":                {"<b>2023年10月31日</b> " + rest, "2023-10-31"},
		"Arabic":                  {"٢٠ أبريل ٢٠٢٥ – " + rest, "2025-04-20"},
		"Arabic without a year":   {"أبريل ٢٠ – " + rest, ""},
		"event":                   {"On 5 May 2021, " + rest, ""},
		"event in a sentence":     {"The pier closed 5 May 2021 – " + rest, ""},
		"event in German":         {"Am 25. Januar 2022 – so der Plan – " + rest, ""},
		"change":                  {"Updated 12 May 2021: " + rest, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := pageWith("<p>" + c.first + "</p>" + strings.Repeat(paragraph, 6))
			if got := published(t, page); got != c.want {
				t.Errorf("published is %q, want %q", got, c.want)
			}
		})
	}
}

func TestPublishedInAddressAndTitle(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ url, title, want string }{
		"year last, day first":     {"https://www.example.de/meldungen/29-10-2021", "Steg gesperrt", "2021-10-29"},
		"year last, in a name":     {"https://www.example.de/n/23-01-2022-steg-gesperrt", "Steg gesperrt", "2022-01-23"},
		"number of an article":     {"https://www.example.de/n/99-12-2021", "Steg gesperrt", ""},
		"numbers before the title": {"https://www.example.de/n/steg", "23.01.2022 - Steg gesperrt", "2022-01-23"},
		"words before the title":   {"https://www.example.de/n/steg", "9 November 1989 - Der Steg fällt", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html lang=de><head><title>" + c.title + "</title></head><body><h1>Steg gesperrt</h1>" +
				strings.Repeat(paragraph, 6) + "</body></html>"
			a := extract(t, article.Page{URL: c.url, Body: []byte(page)})
			got := ""
			if a.Published != nil {
				got = a.Published.Value
			}
			if got != c.want {
				t.Errorf("published is %q, want %q", got, c.want)
			}
		})
	}
}

// Some sites continue with the next article. Its date is not that of the first one.
func TestPublishedAboveTheHeadlineAndBelowTheNext(t *testing.T) {
	t.Parallel()
	page := `<html lang=en><head><title>Council agrees to repair the old bridge</title></head><body><div><ul>` +
		`<li><time datetime="2021-11-25 16:11">25 November 2021</time></li><li>Share</li><li>Send</li><li>Print</li>` +
		`<li>Save</li></ul><h1>Council agrees to repair the old bridge</h1><div>` + strings.Repeat(paragraph, 70) +
		`</div></div><div><ul><li><time datetime="2021-12-01 15:12">1 December 2021</time></li></ul><h2>Another ` +
		`story</h2></div></body></html>`
	if got, want := published(t, page), "2021-11-25T16:11:00"; got != want {
		t.Errorf("published is %q, want %q", got, want)
	}
}
