package web

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// functions are the functions that templates call.
var functions = template.FuncMap{
	"when":      func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") },
	"machine":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"published": library.TimeText,
	"plain":     plain,
	"names": func(authors []*datelinev1.Author) string {
		var all []string
		for _, author := range authors {
			all = append(all, author.GetName())
		}
		return strings.Join(all, ", ")
	},
	"dir": direction,
	"lang": func(a *datelinev1.Article) string {
		if a.GetLanguage() == "und" {
			return ""
		}
		return a.GetLanguage()
	},
	"access":  store.AccessName,
	"bytes":   byteSize,
	"count":   count,
	"words":   countWords,
	"clock":   func(t time.Time) string { return t.UTC().Format("15:04") },
	"escape":  url.PathEscape,
	"seconds": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"pause":   func(seconds float64) string { return age(time.Duration(seconds * float64(time.Second))) },
	"urlpage": urlOf,
	"weekday": func(t time.Time) string { return t.UTC().Format("Mon 2 Jan") },
	"tenfold": func(n int) int { return 10 * n },
	"percent": func(share float64) float64 { return 100 * share },
	"drift":   func(signal string) string { return strings.ReplaceAll(signal, "_", " ") },
	"join":    func(values []string) string { return strings.Join(values, ", ") },
	"len64":   func(queue []library.Waiting) int64 { return int64(len(queue)) },
	"last": func(failures []library.FailedAttempt) *library.FailedAttempt {
		if len(failures) == 0 {
			return nil
		}
		return &failures[len(failures)-1]
	},
	"spaced":   spaced,
	"spaces":   func(values []string) string { return strings.Join(values, " ") },
	"noPolicy": func() sources.Policy { return sources.Policy{} },

	"picture": pictureURL,
}

// plain formats a date or an RFC 3339 time for people: to the minute, and with
// its UTC offset unless that is zero.
func plain(published string) string {
	at, err := time.Parse(time.RFC3339, published)
	if err != nil {
		return published // a date without a time of day
	}
	if strings.HasSuffix(published, "Z") {
		return at.Format("2006-01-02 15:04")
	}
	return at.Format("2006-01-02 15:04 -07:00")
}

// direction returns the value of the dir attribute for an article's text. If
// the record does not specify the direction, the browser determines it.
func direction(a *datelinev1.Article) string {
	switch a.GetDirection() {
	case datelinev1.Direction_DIRECTION_RTL:
		return "rtl"
	case datelinev1.Direction_DIRECTION_LTR:
		return "ltr"
	}
	return "auto"
}

// byteSize formats a number of bytes with a binary unit.
func byteSize(n any) string {
	var size float64
	switch n := n.(type) {
	case uint64:
		size = float64(n)
	case int64:
		size = float64(n)
	case int:
		size = float64(n)
	}
	const step = 1024
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if size < step {
			return fmt.Sprintf("%.3g %s", size, unit)
		}
		size /= step
	}
	return fmt.Sprintf("%.3g TiB", size)
}
