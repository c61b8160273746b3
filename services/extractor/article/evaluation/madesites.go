package evaluation

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
