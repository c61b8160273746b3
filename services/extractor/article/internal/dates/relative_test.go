package dates_test

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
)

func TestRelative(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 4, 20, 9, 30, 40, 0, time.UTC)
	for text, want := range map[string]string{
		"12 minutes ago": "2025-04-20T09:18", "Updated 3 hours ago": "2025-04-20", "12 hours ago": "2025-04-19", "2d ago": "2025-04-18",
		"vor 3 Tagen": "2025-04-17", "vor einer Stunde": "2025-04-20", "il y a 2 jours": "2025-04-18", "hace 1 semana": "2025-04-13", "2 giorni fa": "2025-04-18",
		"3 gün önce": "2025-04-17", "2 дня назад": "2025-04-18", "منذ 2 أيام": "2025-04-18", "3天前": "2025-04-17", "2日前": "2025-04-18", "5분 전": "2025-04-20T09:25",
		"Yesterday, 18:00": "2025-04-19", "gestern": "2025-04-19", "i går": "2025-04-19",
		"منذ ٣ أيام": "2025-04-17", "3 घंटे पहले": "2025-04-20", "৩ দিন আগে": "2025-04-17", "3 วันที่แล้ว": "2025-04-17", "3 ngày trước": "2025-04-17", "3 hari lalu": "2025-04-17",
		"לפני 3 ימים": "2025-04-17", "преди 3 дни": "2025-04-17", "πριν από 3 ημέρες": "2025-04-17", "acum 3 zile": "2025-04-17", "prije 3 dana": "2025-04-17", "prieš 3 dienas": "2025-04-17",
		"3 päeva tagasi": "2025-04-17", "hôm qua": "2025-04-19", "χθες": "2025-04-19", "днес, 10:30": "2025-04-20",
		"3 apples ago": "", "a long time ago": "", "Hier sind wir alle": "", "5 min read": "", "": "",
	} {
		got := ""
		if d, ok := dates.Relative(text, now); ok {
			got = d.Time.Format("2006-01-02")
			if d.Precision == dates.Minute {
				got = d.Time.Format("2006-01-02T15:04")
			}
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
