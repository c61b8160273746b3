package fields

import (
	"strings"
	"testing"
)

func TestDatelineOf(t *testing.T) {
	t.Parallel()
	const text = "The council met on Tuesday to talk about the bridge."
	for opening, want := range map[string]string{
		"ERBIL, Kurdistan Region of Iraq - ": "ERBIL, Kurdistan Region of Iraq",
		"WASHINGTON (AP) — ":                 "WASHINGTON",
		"OLD QUAY. – ":                       "OLD QUAY",
		"WASHINGTON, D.C. — ":                "WASHINGTON, D.C.",
		"МОСКВА, 5 мая — ":                   "МОСКВА",
		"LONDON, May 5 (Reuters) - ":         "LONDON",
		"Frankfurt am Main (dpa/lhe) - ":     "Frankfurt am Main",
		"Tallinn (BNS) – ":                   "Tallinn",
		"بغداد (رويترز) - ":                  "بغداد",
		"新华社北京4月20日电 ":                       "北京",
		"(서울=연합뉴스) ":                         "서울",
		"[東京 20日 ロイター] - ":                   "東京",
		"Ada Roe (41) - ":                    "",
		"Later that year (in May) - ":        "",
		"Borussia Dortmund (BVB) – ":         "",
		"The bridge - an old one - closed. ": "",
		"What happened next? - ":             "",
	} {
		if got := DatelineOf(opening + text); got != want {
			t.Errorf("the dateline of %q is %q, want %q", opening, got, want)
		}
	}
}

func FuzzDatelineOf(f *testing.F) {
	for _, text := range []string{
		"ERBIL, Kurdistan Region of Iraq - Officials have said that talks go on.",
		"WASHINGTON (AP) — The bridge closed on Monday for good.",
		"(Reuters) - ", "A.C. - —–", "ŁÓDŹ – Rada miasta zebrała się we wtorek po południu.",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := DatelineOf(text)
		if at := strings.Index(text, got); at < 0 || at+len(got) > maxDateline {
			t.Errorf("the dateline %q is not at the start of %q", got, text)
		}
	})
}
