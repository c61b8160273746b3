package decode

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/unicode/norm"
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

// sentences are texts in the languages whose charsets are detected.
var sentences = map[string]string{
	"ru": "Городской совет во вторник утвердил ремонт моста, который закрыли весной после наводнения. " +
		"Работы начнутся в следующем месяце и продлятся до зимы, сообщила мэр города.",
	"uk": "Міська рада у вівторок схвалила ремонт мосту, який закрили навесні після повені. " +
		"Роботи розпочнуться наступного місяця й триватимуть до зими, повідомила міська голова.",
	"bg": "Общинският съвет одобри във вторник ремонта на моста, който беше затворен през пролетта след наводнението. " +
		"Работата ще започне следващия месец, съобщи кметът на града.",
	"sr": "Градско веће је у уторак одобрило поправку моста који је затворен на пролеће после поплаве. " +
		"Радови почињу следећег месеца и трајаће до зиме, рекла је градоначелница.",
	"el": "Το δημοτικό συμβούλιο ενέκρινε την επισκευή της γέφυρας που έκλεισε την άνοιξη μετά την πλημμύρα. " +
		"Οι εργασίες θα ξεκινήσουν τον επόμενο μήνα, είπε η δήμαρχος της πόλης. Άγνωστο παραμένει το κόστος.",
	"ar": "وافق مجلس المدينة يوم الثلاثاء على إصلاح الجسر الذي أغلق في الربيع بعد الفيضان. " +
		"وستبدأ الأعمال في الشهر المقبل وتستمر حتى الشتاء، بحسب رئيسة البلدية.",
	"fa": "شوراي شهر روز سه شنبه تعمير پلي را كه بهار گذشته پس از سيل بسته شده بود تصويب كرد. " +
		"شهردار گفت كار ماه آينده آغاز مي شود و تا زمستان ادامه دارد.",
	"he": "מועצת העיר אישרה ביום שלישי את תיקון הגשר שנסגר באביב אחרי השיטפון. " +
		"העבודות יתחילו בחודש הבא ויימשכו עד החורף, אמרה ראשת העיר.",
	"zh": "市议会星期二批准修复春天洪水后关闭的大桥，工程将于下个月开始，持续到冬天，市长在会议上说。" +
		"桥梁是连接老城和车站的唯一道路。",
	"zh-Hant": "市議會星期二批准修復春天洪水後關閉的大橋，工程將於下個月開始，持續到冬天，市長在會議上說。" +
		"橋樑是連接舊城和車站的唯一道路。",
	"ja": "市議会は火曜日、春の洪水のあと閉鎖されていた橋の修理を承認した。工事は来月始まり、冬まで続くと市長は述べた。",
	"ko": "시의회는 화요일에 봄 홍수 이후 폐쇄된 다리의 보수를 승인했다. 공사는 다음 달에 시작해 겨울까지 이어진다고 시장이 말했다.",
	"th": "สภาเมืองอนุมัติการซ่อมสะพานที่ปิดในฤดูใบไม้ผลิหลังน้ำท่วมเมื่อวันอังคาร " +
		"งานจะเริ่มในเดือนหน้า นายกเทศมนตรีกล่าว",
	"pl": "Rada miejska zatwierdziła we wtorek naprawę mostu, który zamknięto wiosną po powodzi. " +
		"Prace rozpoczną się w przyszłym miesiącu i potrwają do zimy, powiedziała burmistrzyni. " +
		"Źródła pieniędzy są już znane.",
	"cs": "Městská rada v úterý schválila opravu mostu, který byl na jaře uzavřen po povodni. " +
		"Práce začnou příští měsíc a potrvají do zimy, řekla starostka města. Šéf stavby souhlasí.",
	"hu": "A városi tanács kedden jóváhagyta az árvíz után tavasszal lezárt híd javítását. " +
		"A munkák jövő hónapban kezdődnek, és télig tartanak – mondta a polgármester. Őszintén örült a döntésnek.",
	"ro": "Consiliul municipal a aprobat marţi repararea podului închis primăvara după inundaţie. " +
		"Lucrările încep luna viitoare şi durează până la iarnă, a spus primăriţa oraşului.",
	"hr": "Gradsko vijeće u utorak je odobrilo popravak mosta koji je na proljeće zatvoren poslije poplave. " +
		"Radovi počinju idući mjesec i trajat će do zime, rekla je gradonačelnica Šibenika Željka Čović.",
	"tr": "Belediye meclisi salı günü, ilkbaharda selden sonra kapatılan köprünün onarımını onayladı. " +
		"Çalışmalar gelecek ay başlayacak ve kışa kadar sürecek, dedi belediye başkanı. Işıklar yenilenecek.",
	"lt": "Miesto taryba antradienį patvirtino tilto, kuris pavasarį buvo uždarytas po potvynio, remontą. " +
		"Darbai prasidės kitą mėnesį ir truks iki žiemos, sakė merė. Šiuo keliu važiuoja daug žmonių.",
	"lv": "Pilsētas dome otrdien apstiprināja tilta remontu, kuru pavasarī slēdza pēc plūdiem. " +
		"Darbi sāksies nākamajā mēnesī un turpināsies līdz ziemai, sacīja mēre.",
	"vi": "Hội đồng thành phố hôm thứ Ba đã thông qua việc sửa chữa cây cầu bị đóng vào mùa xuân sau trận lũ.",
	"fr": "Le maire a été réélu après une journée d’élections très agitée.",
	"it": "La città ha chiuso il ponte dopo la piena di maggio.",
	"de": "Der Brückenbau verzögert sich, „leider“, so die Bürgermeisterin.",
	"es": "El ayuntamiento aprobó la reparación del puente después de la inundación de otoño, según la señora alcaldesa.",
}

// legacy has the charsets that pages in a language have or had.
var legacy = map[string]string{
	"ru": "windows-1251 koi8-r iso-8859-5 ibm866 x-mac-cyrillic",
	"uk": "windows-1251 koi8-u", "bg": "windows-1251 iso-8859-5",
	"sr": "windows-1251", "el": "windows-1253 iso-8859-7", "ar": "windows-1256 iso-8859-6", "fa": "windows-1256",
	"he": "windows-1255 iso-8859-8", "zh": "gbk gb18030", "zh-Hant": "big5", "ja": "shift_jis euc-jp iso-2022-jp",
	"ko": "euc-kr", "th": "windows-874", "pl": "windows-1250 iso-8859-2", "cs": "windows-1250 iso-8859-2",
	"hu": "windows-1250 iso-8859-2", "ro": "windows-1250 iso-8859-2", "hr": "windows-1250 iso-8859-2",
	"tr": "windows-1254", "lt": "windows-1257 iso-8859-13", "lv": "windows-1257", "vi": "windows-1258",
	"fr": "windows-1252 macintosh", "it": "windows-1252", "de": "windows-1252 macintosh", "es": "windows-1252",
}

// eachLegacy calls do with each language, charset and sentence in it.
func eachLegacy(t *testing.T, do func(t *testing.T, language, label, sentence string)) {
	t.Helper()
	for language, labels := range legacy {
		for label := range strings.FieldsSeq(labels) {
			t.Run(language+" in "+label, func(t *testing.T) {
				t.Parallel()
				sentence := sentences[language]
				if label == "iso-8859-7" || label == "iso-8859-2" { // it lacks the typographic signs
					sentence = strings.NewReplacer("–", "-", "„", "«", "“", "»").Replace(sentence)
				}
				if label == "windows-1258" {
					sentence = marksApart(sentence)
				}
				do(t, language, label, sentence)
			})
		}
	}
}

// marksApart writes the tone marks of Vietnamese after their letters, as windows-1258
// requires.
func marksApart(text string) string {
	const tones = "\u0300\u0301\u0303\u0309\u0323"
	var out strings.Builder
	for _, r := range text {
		letter, tone := "", ""
		for _, part := range norm.NFD.String(string(r)) {
			if strings.ContainsRune(tones, part) {
				tone = string(part)
			} else {
				letter += string(part)
			}
		}
		out.WriteString(norm.NFC.String(letter) + tone)
	}
	return out.String()
}

func TestTextDetectsUndeclaredCharset(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, _, label, sentence string) {
		t.Helper()
		page := undeclared(t, sentence, label)
		text, got, broken := Text([]byte(page), "text/html")
		if broken || !strings.Contains(string(text), sentence) {
			t.Errorf("charset = %s, broken = %v, text is wrong: %q", got, broken, text[len(text)/2:])
		}
	})
}

// TestTextKeepsRightDeclarations declares the charset that a page has.
func TestTextKeepsRightDeclarations(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, _, label, sentence string) {
		t.Helper()
		_, want := charset.Lookup(label)
		if _, got, _ := Text([]byte(undeclared(t, sentence, label)), "text/html; charset="+label); got != want {
			t.Errorf("charset = %s, want %s", got, want)
		}
	})
}

// TestTextRejectsWrongDeclarations declares charsets in which every byte is a character,
// and UTF-8.
func TestTextRejectsWrongDeclarations(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, language, label, sentence string) {
		t.Helper()
		page := undeclared(t, sentence, label)
		for _, wrong := range []string{"iso-8859-1", "windows-1252", "utf-8", "gb2312", "windows-1251"} {
			switch {
			case slices.Contains(strings.Fields("cs de es fr hr hu it lt lv pl ro tr vi"), language):
				continue // the texts have too few letters to contradict a declaration
			case wrong == label, wrong == "gb2312" && language == "zh":
				continue
			case wrong == "windows-1251" && label == "x-mac-cyrillic":
				continue // they differ in capitals
			}
			text, got, broken := Text([]byte(page), "text/html; charset="+wrong)
			if broken || !strings.Contains(string(text), sentence) {
				t.Errorf("declared as %s: charset = %s, broken = %v, text is wrong", wrong, got, broken)
			}
		}
	})
}

// TestTextKeepsADeclarationThatItCannotJudge declares charsets for text in a language
// that is not in the model.
func TestTextKeepsADeclarationThatItCannotJudge(t *testing.T) {
	t.Parallel()
	const faroese = "Býráðið samtykti týsdagin at umvæla brúnna, sum varð stongd í vár eftir vatnflóðina. " +
		"Arbeiðið byrjar næsta mánað og varar til vetrar, segði borgarstjórin."
	for _, label := range []string{"windows-1252", "iso-8859-1"} {
		page := undeclared(t, faroese, "windows-1252")
		if text, got, _ := Text([]byte(page), "text/html; charset="+label); !strings.Contains(string(text), faroese) {
			t.Errorf("declared as %s: charset = %s", label, got)
		}
	}
}
