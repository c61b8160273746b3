package dates

import (
	"testing"
	"time"
)

func TestFind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text       string
		monthFirst bool
		want       string // in RFC 3339; empty if there is no date
		precision  Precision
		zone       bool
	}{
		{text: "2025-04-20", want: "2025-04-20T00:00:00Z"},
		{text: "20250420", want: "2025-04-20T00:00:00Z"},
		{text: "2025-04-20T09:30:15Z", want: "2025-04-20T09:30:15Z", precision: Second, zone: true},
		{text: "2025-04-20T09:30:15.123+03:00", want: "2025-04-20T09:30:15+03:00", precision: Second, zone: true},
		{text: "2025-04-20T09:30+0300", want: "2025-04-20T09:30:00+03:00", precision: Minute, zone: true},
		{text: "2025-04-20 09:30", want: "2025-04-20T09:30:00Z", precision: Minute},
		{text: "2025-04-20T09:30:15-0700", want: "2025-04-20T09:30:15-07:00", precision: Second, zone: true},
		{text: "2025-04-20 09:30 \u221207:00", want: "2025-04-20T09:30:00-07:00", precision: Minute, zone: true}, // minus
		{text: "Sun, 20 Apr 2025 09:30:15 +0300", want: "2025-04-20T09:30:15+03:00", precision: Second, zone: true},
		{text: "Sun, 20 Apr 2025 09:30:15 GMT", want: "2025-04-20T09:30:15Z", precision: Second, zone: true},
		{text: "Apr. 20, 2025 • 2 min read", want: "2025-04-20T00:00:00Z"},
		{
			text: "Published April 20th, 2025 at 9:30 p.m. EDT",
			want: "2025-04-20T21:30:00-04:00", precision: Minute, zone: true,
		},
		{text: "12:05 AM, April 20, 2025", want: "2025-04-20T00:05:00Z", precision: Minute},
		{text: "04/20/2025", want: "2025-04-20T00:00:00Z"},
		{text: "04/05/2025", monthFirst: true, want: "2025-04-05T00:00:00Z"},
		{text: "04/05/2025", want: "2025-05-04T00:00:00Z"},
		{text: "20.04.2025, 09:30 Uhr", want: "2025-04-20T09:30:00Z", precision: Minute},
		{text: "20. April 2025 um 9.30 Uhr", want: "2025-04-20T09:30:00Z", precision: Minute},
		{text: "20 de abril de 2025", want: "2025-04-20T00:00:00Z"},
		{text: "Publié le 1er août 2025 à 9h30", want: "2025-08-01T09:30:00Z", precision: Minute},
		{text: "20 aprile 2025", want: "2025-04-20T00:00:00Z"},
		{text: "20 kwietnia 2025", want: "2025-04-20T00:00:00Z"},
		{text: "20. dubna 2025", want: "2025-04-20T00:00:00Z"},
		{text: "20 апреля 2025, 09:30", want: "2025-04-20T09:30:00Z", precision: Minute},
		{text: "20 Nisan 2025", want: "2025-04-20T00:00:00Z"},
		{text: "2025年4月20日 09:30", want: "2025-04-20T09:30:00Z", precision: Minute},
		{text: "2025년 4월 20일", want: "2025-04-20T00:00:00Z"},
		{text: "٢٠ أبريل ٢٠٢٥", want: "2025-04-20T00:00:00Z"},
		{text: "20 نيسان 2025", want: "2025-04-20T00:00:00Z"},
		{text: "٣ كانون الثاني ٢٠٢٥", want: "2025-01-03T00:00:00Z"},
		{text: "3 تشرين الأول 2025، 09:30 مساءً", want: "2025-10-03T21:30:00Z", precision: Minute},
		{text: "3 غشت 2025", want: "2025-08-03T00:00:00Z"},
		{text: "۲۰ آوریل ۲۰۲۵، ۰۹:۳۰", want: "2025-04-20T09:30:00Z", precision: Minute},
		{text: "۳۱ فروردین ۱۴۰۴", want: "2025-04-20T00:00:00Z"},
		{text: "۳۰ اسفند ۱۴۰۳", want: "2025-03-20T00:00:00Z"},
		{text: "۱ مهر ۱۳۹۹", want: "2020-09-22T00:00:00Z"},
		{text: "٢٠ی نیسانی ٢٠٢٥، ٠٩:٣٠", want: "2025-04-20T09:30:00Z", precision: Minute},
		{text: "١١ی تشرینی دووەمی ٢٠٢٦، ١٠:٠٠", want: "2026-11-11T10:00:00Z", precision: Minute},
		{text: "11 کانونی یەکەم 2026", want: "2026-12-11T00:00:00Z"},
		{text: "20 Nîsan 2025", want: "2025-04-20T00:00:00Z"},
		{text: "20 MAYIS 2025 Salı", want: "2025-05-20T00:00:00Z"},
		{text: "3 октября 2025 г., 09:30", want: "2025-10-03T09:30:00Z", precision: Minute},
		{text: "1745130615", want: "2025-04-20T06:30:15Z", precision: Second, zone: true},
		{text: "31 February 2025"},
		{text: "May the best one win"},
		{text: "a 2 min read"},
		{text: "call 555-20-2025-11"},
		{text: ""},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			got, ok := Find(test.text, test.monthFirst)
			if !ok {
				if test.want != "" {
					t.Fatalf("found no date, want %s", test.want)
				}
				return
			}
			s := got.Time.Truncate(time.Second).Format(time.RFC3339)
			if s != test.want || got.Precision != test.precision || got.HasZone != test.zone {
				t.Errorf("got %s, precision %d, zone %v, want %s, %d, %v",
					s, got.Precision, got.HasZone, test.want, test.precision, test.zone)
			}
		})
	}
}
