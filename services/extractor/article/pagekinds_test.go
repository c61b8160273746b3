package article_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// madeSite is the wording of a made site.
type madeSite struct {
	lang, name, section, more, comments string
	headlines                           []string
	teasers                             []string
	date                                string // with one verb, for the day of the month
}

var madeSites = []madeSite{
	{
		"en", "The Harrow Bay Ledger", "Harbour", "More", "replies",
		[]string{
			"Council votes to close the old pier", "Ferry fares rise again in spring", "School gets a new roof at last",
			"Divers find cracks in nine piles", "Market moves to the tram depot", "Lifeboat crew marks fifty years",
		},
		[]string{
			"The board met for four hours on Monday, and in the end only two members were against it.",
			"Passengers learned of it only from a notice beside the ticket window on the quay.",
			"Work begins in May, when the contractor has the slates, and is to last until the autumn.",
		},
		"%d March 2025",
	},
	{
		"de", "Neuhafener Bote", "Hafen", "Mehr", "Antworten",
		[]string{
			"Rat beschließt das Ende der alten Seebrücke", "Fähre wird im Frühjahr wieder teurer",
			"Schule bekommt endlich ein neues Dach", "Taucher finden Risse in neun Pfählen",
			"Markt zieht in das alte Straßenbahndepot", "Seenotretter feiern fünfzig Jahre",
		},
		[]string{
			"Vier Stunden lang hat der Rat am Montag beraten, am Ende waren nur zwei Mitglieder dagegen.",
			"Fahrgäste haben davon erst durch einen Aushang neben dem Schalter erfahren, wie sie sagen.",
			"Die Arbeiten beginnen im Mai, sobald der Schiefer da ist, und sollen bis zum Herbst dauern.",
		},
		"%d. März 2025",
	},
	{
		"fr", "Le Courrier de Portvieux", "Port", "Plus", "réponses",
		[]string{
			"Le conseil vote la fermeture de la vieille jetée", "Le bac encore plus cher au printemps",
			"L'école aura enfin un nouveau toit", "Des plongeurs trouvent neuf pieux fissurés",
			"Le marché s'installe au dépôt des trams", "Les sauveteurs fêtent leurs cinquante ans",
		},
		[]string{
			"Le conseil a débattu quatre heures lundi, et seuls deux membres ont voté contre le projet.",
			"Les voyageurs disent l'avoir appris par une affiche collée à côté du guichet.",
			"Les travaux commencent en mai, dès que les ardoises seront là, et dureront jusqu'à l'automne.",
		},
		"%d mars 2025",
	},
	{
		"es", "El Diario de Puertoviejo", "Puerto", "Más", "respuestas",
		[]string{
			"El concejo vota el cierre del viejo muelle", "El transbordador sube otra vez de precio",
			"La escuela tendrá por fin un techo nuevo", "Buzos encuentran grietas en nueve pilotes",
			"El mercado se muda a la cochera del tranvía", "Los socorristas cumplen cincuenta años",
		},
		[]string{
			"El concejo debatió cuatro horas el lunes y al final solo dos miembros votaron en contra.",
			"Los pasajeros dicen que se enteraron por un aviso pegado junto a la taquilla.",
			"Las obras empiezan en mayo, cuando llegue la pizarra, y durarán hasta el otoño.",
		},
		"%d de marzo de 2025",
	},
	{
		"pl", "Kurier Staroportowy", "Port", "Więcej", "odpowiedzi",
		[]string{
			"Rada zamyka stare molo na zimę", "Prom znowu podrożeje na wiosnę", "Szkoła wreszcie dostanie nowy dach",
			"Nurkowie znaleźli pęknięcia w dziewięciu palach", "Targ przenosi się do zajezdni",
			"Ratownicy mają już pięćdziesiąt lat",
		},
		[]string{
			"Rada obradowała w poniedziałek cztery godziny, a na końcu tylko dwie osoby były przeciw.",
			"Pasażerowie mówią, że dowiedzieli się o tym z kartki obok okienka kasy.",
			"Prace zaczną się w maju, kiedy przyjdzie łupek, i mają potrwać do samej jesieni.",
		},
		"%d marca 2025",
	},
	{
		"ru", "Старопортовый вестник", "Порт", "Ещё", "ответы",
		[]string{
			"Совет закрывает старый причал на зиму", "Паром весной снова подорожает", "Школа наконец получит новую крышу",
			"Водолазы нашли трещины в девяти сваях", "Рынок переезжает в трамвайное депо",
			"Спасателям исполнилось пятьдесят лет",
		},
		[]string{
			"В понедельник совет заседал четыре часа, и в конце против были только двое.",
			"Пассажиры говорят, что узнали об этом из объявления рядом с кассой.",
			"Работы начнутся в мае, когда привезут сланец, и продлятся до самой осени.",
		},
		"%d марта 2025",
	},
	{
		"tr", "Eskiliman Postası", "Liman", "Devamı", "yanıtlar",
		[]string{
			"Meclis eski iskeleyi kışın kapatıyor", "Vapur ücretleri baharda yeniden artıyor",
			"Okul sonunda yeni çatıya kavuşuyor",
			"Dalgıçlar dokuz kazıkta çatlak buldu", "Pazar eski tramvay deposuna taşınıyor",
			"Cankurtaranlar ellinci yılını kutluyor",
		},
		[]string{
			"Meclis pazartesi günü dört saat görüştü, sonunda yalnızca iki üye karşı çıktı.",
			"Yolcular bunu gişenin yanına asılan bir duyurudan öğrendiklerini söylüyor.",
			"Çalışmalar taşlar gelince mayısta başlayacak ve sonbahara kadar sürecek.",
		},
		"%d Mart 2025",
	},
	{
		"zh", "旧港日报", "港口", "更多", "回复",
		[]string{
			"市议会投票决定今冬关闭旧码头", "渡轮票价将于明年春季再次上涨", "学校终于等来了新的屋顶工程",
			"潜水员在九根木桩中发现裂缝", "集市将搬到旧的电车停车场", "救生艇队庆祝成立五十周年",
		},
		[]string{
			"议会星期一开会四个小时，最后只有两名议员投了反对票，其他人都表示同意这项计划。",
			"乘客们说，他们是从售票窗口旁边的一张通知上才知道这个消息的，事先没有人告诉他们。",
			"工程将在五月石板运到之后开始，预计一直持续到秋天，期间学生将在体育馆里上课。",
		},
		"2025年3月%d日",
	},
}

// items writes the items of a list. The format gets address, headline, teaser and date.
func (s *madeSite) items(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, fmt.Sprintf("/story/%d", i), s.headlines[i%len(s.headlines)],
			s.teasers[i%len(s.teasers)], fmt.Sprintf(s.date, i+1))
	}
	return b.String()
}

func (s *madeSite) page(title, main string) string {
	return fmt.Sprintf(`<html lang=%s><head><title>%s</title></head><body><header><a href="/">%s</a><nav>`+
		`<a href="/a">%s</a> <a href="/b">%s</a></nav></header>%s<footer>© 2025 %s</footer></body></html>`,
		s.lang, title, s.name, s.section, s.more, main, s.name)
}

// madeLists are kinds of pages that consist of links to articles, by the path of their
// address.
var madeLists = map[string]func(s *madeSite) string{
	"/": func(s *madeSite) string {
		return s.page(s.name, `<main><h1>`+s.name+`</h1>`+
			s.items(12, `<article><h2><a href="%[1]s">%[2]s</a></h2><p>%[3]s</p></article>`)+`</main>`)
	},
	"/index.html": func(s *madeSite) string {
		return s.page(s.name, `<div><div>`+s.items(9, `<div class=box><a href="%[1]s"><b>%[2]s</b></a><br>%[3]s</div>`)+
			`</div></div>`)
	},
	"/harbour/": func(s *madeSite) string {
		return s.page(s.section+" | "+s.name, `<main><h1>`+s.section+`</h1>`+
			s.items(10, `<div><h3><a href="%[1]s">%[2]s</a></h3><time>%[4]s</time><p>%[3]s</p></div>`)+`</main>`)
	},
	"/tag/pier": func(s *madeSite) string {
		return s.page("#"+s.section+" - "+s.name, `<main><h1>#`+s.section+`</h1><ul>`+
			s.items(15, `<li><a href="%[1]s">%[2]s</a> <span>%[4]s</span></li>`)+`</ul></main>`)
	},
	"/search": func(s *madeSite) string {
		return s.page(s.section+" – "+s.name, `<main><h1>“`+s.section+`”</h1><form><input name=q></form>`+
			s.items(8, `<div><a href="%[1]s">%[2]s</a><div>%[4]s</div><div>… %[3]s …</div></div>`)+`</main>`)
	},
	"/pictures": func(s *madeSite) string {
		return s.page(s.section+" | "+s.name, `<main><h1>`+s.section+`</h1>`+
			s.items(16, `<figure><a href="%[1]s"><img src="/i.jpg"></a><figcaption><a href="%[1]s">%[2]s</a></figcaption>`+
				`</figure>`)+`</main>`)
	},
	"/category/boats": func(s *madeSite) string {
		return s.page(s.section+" | "+s.name, `<main><h1>`+s.section+`</h1><p>`+s.teasers[0]+`</p>`+
			s.items(9, `<div class=product><a href="%[1]s"><img src="/i.jpg"></a><h3><a href="%[1]s">%[2]s</a></h3>`+
				`<b>39,00 €</b></div>`)+`</main>`)
	},
	"/forum/boats": func(s *madeSite) string {
		return s.page(s.section+" | "+s.name, `<main><h1>`+s.section+`</h1><table>`+
			s.items(14, `<tr><td><a href="%[1]s">%[2]s</a></td><td>12 `+s.comments+`</td><td>%[4]s</td></tr>`)+`</table></main>`)
	},
	"/archive/2025": func(s *madeSite) string {
		return s.page("2025 | "+s.name, `<main><h1>2025</h1>`+
			s.items(20, `<p>%[4]s: <a href="%[1]s">%[2]s</a></p>`)+`</main>`)
	},
	"/author/ada-quill": func(s *madeSite) string {
		return s.page("Ada Quill | "+s.name, `<main><h1>Ada Quill</h1><p>`+s.teasers[1]+`</p>`+
			s.items(10, `<div><span>%[4]s</span><h2><a href="%[1]s">%[2]s</a></h2><p>%[3]s</p><a href="%[1]s">`+s.more+
				`</a></div>`)+`</main>`)
	},
}

// madeArticles are layouts of short articles among links to others.
var madeArticles = map[string]func(s *madeSite, text string) string{
	"between rails": func(s *madeSite, text string) string {
		return `<div>` + s.items(8, `<div><a href="%[1]s">%[2]s</a></div>`) + `</div><div><h1>` + s.headlines[0] +
			`</h1><div>` + fmt.Sprintf(s.date, 3) + `</div>` + text + `</div><div>` +
			s.items(8, `<div><h3><a href="%[1]s">%[2]s</a></h3><p>%[3]s</p></div>`) + `</div>`
	},
	"above teasers in the same column": func(s *madeSite, text string) string {
		return `<div><h1>` + s.headlines[0] + `</h1><p>` + fmt.Sprintf(s.date, 3) + `</p>` + text +
			s.items(6, `<div><a href="%[1]s">%[2]s</a><div>%[3]s</div></div>`) + `</div>`
	},
	"above dated teasers": func(s *madeSite, text string) string {
		return `<div><h1>` + s.headlines[0] + `</h1>` + text +
			s.items(9, `<div><h4><a href="%[1]s">%[2]s</a></h4><span>%[4]s</span><p>%[3]s</p></div>`) + `</div>`
	},
	"in a table": func(s *madeSite, text string) string {
		return `<table><tr><td>` + s.items(9, `<a href="%[1]s">%[2]s</a><br>`) + `</td><td><h1>` + s.headlines[0] + `</h1>` +
			fmt.Sprintf(s.date, 3) + `<br>` + text + `</td></tr></table>`
	},
}

// articleness returns the score of a made page, and whether it is accepted as an article.
func articleness(t *testing.T, path, page string) (score int, accepted bool) {
	t.Helper()
	e, err := article.Explain(t.Context(), article.Page{URL: "https://www.example.org" + path, Body: []byte(page)},
		article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e.Articleness, e.Err == nil
}

// The two errors about the kind of a page are measured together: a rule that lowers one
// can raise the other.
func TestListsAndShortArticlesAreToldApart(t *testing.T) {
	t.Parallel()
	var lists, articles []int
	acceptedLists, refusedArticles := 0, 0
	for i := range madeSites {
		s := &madeSites[i]
		for _, path := range slices.Sorted(maps.Keys(madeLists)) {
			score, accepted := articleness(t, path, madeLists[path](s))
			lists = append(lists, score)
			if accepted {
				acceptedLists++
				t.Logf("accepted list: %s %s, score %d", s.lang, path, score)
			}
		}
		for _, layout := range slices.Sorted(maps.Keys(madeArticles)) {
			for n := 1; n <= len(s.teasers); n++ {
				text := "<p>" + strings.Join(append(s.teasers[:n:n], s.teasers[:n]...), "</p><p>") + "</p>"
				score, accepted := articleness(t, "/2025/03/03/4711-pier-closes",
					s.page(s.headlines[0]+" | "+s.name, madeArticles[layout](s, text)))
				articles = append(articles, score)
				if !accepted {
					refusedArticles++
					t.Logf("refused article: %s %s, %d paragraphs, score %d", s.lang, layout, n, score)
				}
			}
		}
	}
	for _, limit := range []int{-6, -3, -2, -1, 0, 1, 2, 3, 6} {
		t.Logf("at least %d: %.3f of %d articles refused as lists, %.3f of %d lists not recognised", limit,
			below(articles, limit), len(articles), 1-below(lists, limit), len(lists))
	}
	t.Logf("accepted lists: %d of %d; refused articles: %d of %d", acceptedLists, len(lists), refusedArticles,
		len(articles))
	const maxAcceptedLists, maxRefusedArticles = 0, 0
	if acceptedLists > maxAcceptedLists || refusedArticles > maxRefusedArticles {
		t.Errorf("%d lists are accepted, want at most %d; %d articles are refused, want at most %d", acceptedLists,
			maxAcceptedLists, refusedArticles, maxRefusedArticles)
	}
}

// below returns the share of scores below a limit.
func below(scores []int, limit int) float64 {
	n := 0
	for _, s := range scores {
		if s < limit {
			n++
		}
	}
	return float64(n) / float64(len(scores))
}
