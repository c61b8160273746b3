package dates_test

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
)

func FuzzFind(f *testing.F) {
	for _, text := range []string{
		"2025-04-20T09:30:00+03:00", "Sun, 20 Apr 2025 09:30:00 GMT", "20. April 2025, 9:30 Uhr",
		"April 20, 2025 at 9:30 p.m. EDT", "٢٠ نيسان ٢٠٢٥", "2025年4月20日 09:30", "2025. 4. 20. 오전 9:30",
		"20 апреля 2025 г.", "1745134200", "04/05/2025", "20250420", "9999-99-99", "31 02 2025",
	} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, monthFirst bool) {
		d, ok := dates.Find(text, monthFirst)
		if !ok {
			if !d.Time.IsZero() {
				t.Errorf("time without a date = %v, want zero", d.Time)
			}
			return
		}
		if y := d.Time.Year(); y < 0 || y > 9999 {
			t.Errorf("year = %d, want 0 to 9999", y)
		}
		if d.Precision == dates.Day && (d.Time.Hour() != 0 || d.Time.Minute() != 0) {
			t.Errorf("time of precision Day = %v, want midnight", d.Time)
		}
		if !d.HasZone && d.Time.Location() != time.UTC {
			t.Errorf("location without a zone = %v, want UTC", d.Time.Location())
		}
		// Find must read the same date from its standard form, which has whole seconds.
		layout := "2006-01-02"
		switch {
		case d.Precision != dates.Day && d.HasZone:
			layout = time.RFC3339
		case d.Precision != dates.Day:
			layout = "2006-01-02T15:04:05"
		}
		again, ok := dates.Find(d.Time.Format(layout), monthFirst)
		if d.Time.Year() >= 1990 && d.Time.Year() < 2100 && (!ok || !again.Time.Equal(d.Time.Truncate(time.Second))) {
			t.Errorf("Find(%q) = %v, %v, want %v", d.Time.Format(layout), again.Time, ok, d.Time)
		}
	})
}
