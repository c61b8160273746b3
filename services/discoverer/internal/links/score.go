package links

import (
	_ "embed"
	"math"
	"regexp"
	"strings"
	"unicode"

	"github.com/dateline-news/dateline/internal/weburl"
)

//go:embed words/lists.txt
var listText string

//go:embed words/services.txt
var serviceText string

var (
	listWords    = set(listText)
	serviceWords = set(serviceText)
)

func set(text string) map[string]bool {
	words := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		words[word] = true
	}
	return words
}

// features are what a page says about a link.
type features struct {
	words    int  // of the longest text of a link to this URL
	heading  bool // the link is in a heading or has one
	dated    bool // a time element is beside the link
	chrome   bool // all links to this URL are in navigation, header, footer or aside
	repeated int  // number of links in blocks of the same form
	wordy    bool // the links of these blocks have headlines
}

var (
	// datePath is a date in a path: /2026/05/02/ or /2026-05-02-.
	datePath = regexp.MustCompile(`[/-](19|20)\d\d[/-]?(0?[1-9]|1[0-2])([/-]?(0?[1-9]|[12]\d|3[01]))?([/-]|$)`)
	// onlyDate is a path that ends after a date: a calendar or an archive.
	onlyDate = regexp.MustCompile(`[/-](19|20)\d\d([/-](0?[1-9]|1[0-2])([/-](0?[1-9]|[12]\d|3[01]))?)?/?$`)
	// paging is the path of a page of a list.
	paging = regexp.MustCompile(`(?i)(^|/)(page|seite|pagina|pg|p|offset)[/-]?\d+/?(\.\w+)?$|/\d{1,3}/?$`)
	// pagingKey is the query parameter of a page of a list, of a calendar or of a search.
	pagingKey = regexp.MustCompile(`(?i)(^|&)(page|paged|pg|p|start|offset|seite|pagina|date|day|month|year|week|from|to|sort|order|q|s|query|search|filter|replytocom|share|print|view|amp|lang)=`) //nolint:lll // one pattern
	// idKey is the query parameter of an article's number.
	idKey = regexp.MustCompile(`(?i)(^|&)(id|aid|article|article_id|articleid|story|storyid|news|newsid|nid|cid|post|no|idx|oid|docid|sid)=[\w-]*\d`) //nolint:lll // one pattern
	// media are the extensions of files that are not pages.
	media = regexp.MustCompile(`(?i)\.(jpe?g|png|gif|webp|svg|pdf|mp[34]|m4a|mov|avi|zip|gz|rar|exe|dmg|docx?|xlsx?|pptx?|csv|xml|rss|atom|json|css|js|ics|epub)$`) //nolint:lll // one pattern
	// random is a query value like a session id.
	random = regexp.MustCompile(`(?i)=[0-9a-f]{16,}(&|$)`)
)

// pathPrior returns the probability by its URL that a link is an article, before anything
// is known about its site. It is a logistic function of features, with weights by hand.
func pathPrior(u weburl.URL) float64 {
	return min(max(logistic(pathScore(u)), 0.003), 0.98)
}

// pageBias is the score of the place on the page at which the URL alone decides.
const pageBias = 1.2

// combine returns the probability that a link is an article from the probability by its
// URL and its place on the page.
func combine(byURL float64, f features) float64 {
	byURL = min(max(byURL, 0.001), 0.999)
	return logistic(math.Log(byURL/(1-byURL)) + pageScore(f) - pageBias)
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func pathScore(u weburl.URL) float64 {
	path, query, _ := strings.Cut(u.PathQuery(), "?")
	trimmed := strings.Trim(path, "/")
	if trimmed == "" && query == "" {
		return -8
	}
	score := 0.0
	segments := strings.Split(trimmed, "/")
	last := segments[len(segments)-1]
	kind, _, _ := strings.Cut(classify(last), ".")
	switch kind {
	case "S":
		score += 2.6
	case "I", "H":
		score += 2.4
	case "N":
		if len(last) >= 4 {
			score += 2
		}
	case "s":
		score += 0.4
	case "w":
		score--
	}
	if len(segments) > 1 {
		score += 0.3
	}
	if strings.Contains(last, ".") {
		score += 0.6
	}
	switch {
	case onlyDate.MatchString(path):
		score -= 5
	case datePath.MatchString(path):
		score += 2.5
	case paging.MatchString(path):
		score -= 4
	}
	return score + wordScore(segments, kind) + queryScore(query)
}

func wordScore(segments []string, kind string) float64 {
	for i, segment := range segments {
		name, _, _ := strings.Cut(strings.ToLower(segment), ".")
		switch {
		case serviceWords[name] && (i == len(segments)-1 || i == 0):
			return -4
		case listWords[name] && (i < len(segments)-1 && i <= 1 || i == len(segments)-1):
			// A tag can look like a slug, but an article below /magazine/ looks like one more.
			if kind == "I" || kind == "N" || kind == "H" {
				return -1.5
			}
			return -3.5
		}
	}
	return 0
}

func queryScore(query string) float64 {
	switch {
	case query == "":
		return 0
	case random.MatchString(query):
		return -4
	case idKey.MatchString(query):
		return 2.5
	case pagingKey.MatchString(query):
		return -4
	default:
		return -0.5
	}
}

func pageScore(f features) float64 {
	score := 0.0
	switch {
	case f.words >= 6:
		score += 1.8
	case f.words >= 4:
		score += 1.2
	case f.words == 3:
		score += 0.2
	case f.words >= 1 && f.heading:
		score -= 1.2
	case f.words >= 1: // the name of a topic or person
		score -= 1.9
	default:
		score -= 0.4
	}
	if f.heading {
		score += 1.5
	}
	if f.dated {
		score++
	}
	if f.chrome {
		score -= 1.5
	}
	if f.repeated >= 4 && (f.wordy || f.heading) {
		score += 0.8
	}
	return score
}

// textWords counts the words of a link's text. Languages without spaces count two
// characters as a word.
func textWords(text string) int {
	words, dense := 0, 0
	for word := range strings.FieldsSeq(text) {
		letters := false
		for _, r := range word {
			if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) {
				dense++
			} else if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters = true
			}
		}
		if letters {
			words++
		}
	}
	return words + dense/2
}
