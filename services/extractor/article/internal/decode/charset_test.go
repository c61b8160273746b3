package decode

import (
	"strings"
	"testing"

	"golang.org/x/net/html/charset"
)

// undeclared returns a page that does not declare its charset. Like real pages, it has
// more markup and English names than text.
func undeclared(t *testing.T, text, label string) string {
	t.Helper()
	enc, _ := charset.Lookup(label)
	encoded, err := enc.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	const markup = `<div class="article-content main-column">` +
		`<script>var settings = {"the": "value of the data"};</script>` +
		`<a href="/news/latest/stories" title="The latest news and the stories of the day">`
	return strings.Repeat(markup, 3) + "<p>" + encoded + "</p>" + strings.Repeat(markup, 20)
}

func TestTextDetectsUndeclaredCharset(t *testing.T) {
	t.Parallel()
	const (
		russian = "Городской совет во вторник утвердил ремонт моста, который закрыли весной после наводнения. " +
			"Работы начнутся в следующем месяце и продлятся до зимы, сообщила мэр города."
		greek = "Το δημοτικό συμβούλιο ενέκρινε την επισκευή της γέφυρας που έκλεισε την άνοιξη μετά την πλημμύρα. " +
			"Οι εργασίες θα ξεκινήσουν τον επόμενο μήνα, είπε η δήμαρχος της πόλης."
		arabic = "وافق مجلس المدينة يوم الثلاثاء على إصلاح الجسر الذي أغلق في الربيع بعد الفيضان. " +
			"وستبدأ الأعمال في الشهر المقبل وتستمر حتى الشتاء، بحسب رئيسة البلدية."
		chinese = "市议会星期二批准修复春天洪水后关闭的大桥，工程将于下个月开始，持续到冬天，市长在会议上说。" +
			"桥梁是连接老城和车站的唯一道路。"
	)
	for name, test := range map[string]struct{ text, charset string }{
		"Russian in windows-1251":  {russian, "windows-1251"},
		"Russian in KOI8-R":        {russian, "koi8-r"},
		"Greek":                    {greek, "iso-8859-7"},
		"Arabic":                   {arabic, "windows-1256"},
		"Chinese":                  {chinese, "gb18030"},
		"Italian with few accents": {"La città ha chiuso il ponte dopo la piena di maggio.", "windows-1252"},
		"French":                   {"Le maire a été réélu après une journée d’élections très agitée.", "windows-1252"},
		"German with quotes":       {"Der Brückenbau verzögert sich, „leider“, so die Bürgermeisterin.", "windows-1252"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := undeclared(t, test.text, test.charset)
			text, got, broken := Text([]byte(page), "text/html")
			if got != test.charset || broken || !strings.Contains(string(text), test.text) {
				t.Errorf("charset = %s, broken = %v, text is right: %v, want %s",
					got, broken, strings.Contains(string(text), test.text), test.charset)
			}
		})
	}
}
