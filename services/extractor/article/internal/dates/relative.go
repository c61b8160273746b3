package dates

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// units are the words for spans of time, as they stand in "3 hours ago".
var units = func() map[string]time.Duration {
	units := make(map[string]time.Duration)
	for span, words := range map[time.Duration]string{
		time.Minute:         "min mins minute minutes minuto minutos minuti minuten minut minuter minutter minutt dakika dk минуту минуты минут мин хвилин دقيقة دقائق دقیقه 분 分钟 分鐘 分 λεπτά perc",
		time.Hour:           "h hr hrs hour hours stunde stunden std heure heures hora horas ora ore uur uren timme timmar time timer saat час часа часов годин ساعة ساعات ساعت 시간 小时 小時 時間 godzinę godziny godzin hodinami hodin óra ώρες tunti tuntia jam",
		24 * time.Hour:      "d day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen dagar dager dage gün день дня дней днів يوم أيام ایام روز 일 天 日 dzień dni dny dnů nap päivä päivää hari",
		7 * 24 * time.Hour:  "week weeks woche wochen semaine semaines semana semanas settimana settimane weken vecka veckor uke uker uge uger hafta неделю недели недель أسبوع أسابيع هفته 주 周 週間 tydzień tygodnie tygodni viikko viikkoa minggu",
		30 * 24 * time.Hour: "month months monat monate monaten mois mes meses mese mesi maand maanden månad månader måned måneder ay месяц месяца месяцев شهر أشهر ماه 개월 个月 ヶ月 miesiąc miesiące miesięcy kuukausi bulan",
	} {
		for word := range strings.FieldsSeq(words) {
			units[word] = span
		}
	}
	return units
}()

// The forms of "3 hours ago": with a word before, as in "vor 3 Stunden", or
// behind, as in "3 saat önce".
var (
	agoBefore = regexp.MustCompile(`(?i)(?:^|\s)(?:vor|il y a|hace|há|fa|för|for|qabla|قبل|منذ|πριν|před|acum)\s+(?:ca\.?\s+|environ\s+|cerca de\s+)?(\d{1,3}|an?|einer|einem|eine|un|une|una|um|uma|en|ett|et)\s+(\p{L}+)`)
	agoBehind = regexp.MustCompile(`(?i)(\d{1,3}|\ban?|\bone)\s?(\p{L}+?)\s?(?:ago|önce|назад|тому|fa|geleden|sedan|siden|temu|sitten|ezelőtt|lalu|前|전|پیش|قبل)(?:$|[\s.,|·•)])`)
	timeOfDay = regexp.MustCompile(`[\s,]*(?:at|um|à|a las|às|alle|om|kl\.?|saat|в)?\s*\d{1,2}[:.h]\d{2}.*$`)
	dayWords  = map[string]int{"today": 0, "heute": 0, "aujourd’hui": 0, "aujourd'hui": 0, "hoy": 0, "hoje": 0, "oggi": 0, "vandaag": 0, "idag": 0, "i dag": 0, "bugün": 0, "сегодня": 0, "сьогодні": 0, "اليوم": 0, "امروز": 0, "今天": 0, "今日": 0, "오늘": 0, "dziś": 0, "dzisiaj": 0,
		"yesterday": 1, "gestern": 1, "hier": 1, "ayer": 1, "ontem": 1, "ieri": 1, "gisteren": 1, "igår": 1, "i går": 1, "dün": 1, "вчера": 1, "вчора": 1, "أمس": 1, "دیروز": 1, "昨天": 1, "昨日": 1, "어제": 1, "wczoraj": 1, "eilen": 1}
)

// Relative reads a time that is given from the reader's moment: "3 hours ago",
// "vor zwei Tagen" with digits, "gestern". It is as precise as its unit: minutes
// give a minute, all else a day in now's zone.
func Relative(text string, now time.Time) (Date, bool) {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	for _, form := range []*regexp.Regexp{agoBefore, agoBehind} {
		m := form.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		span, known := units[strings.ToLower(m[2])]
		if !known {
			continue
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			n = 1
		}
		at := now.Add(-time.Duration(n) * span)
		if span == time.Minute {
			return Date{Time: at.Truncate(time.Minute), Precision: Minute, HasZone: true}, true
		}
		return day(at), true
	}
	// A word for a day stands alone, or before a time of day.
	word := timeOfDay.ReplaceAllString(strings.ToLower(strings.TrimSpace(text)), "")
	if days, known := dayWords[word]; known {
		return day(now.AddDate(0, 0, -days)), true
	}
	return Date{}, false
}

func day(at time.Time) Date {
	return Date{Time: time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC), Precision: Day}
}
