package dates

import (
	"strings"
	"time"
)

// monthNames lists, for each month, its names and usual short forms in lower
// case and in the cases that dates use (genitives), language by language. A
// form that means different months in different languages is left out unless
// one reading is far more common in news.
var monthNames = [12]string{
	// In turn: Germanic, Romance, Nordic and Baltic, Slavic, Turkic, Hungarian, Greek,
	// Arabic, Persian, Urdu, Indonesian, Hindi; then the names of the Levant and of
	// North Africa, Kurdish in both scripts, Serbian and Croatian.
	"january jan jänner januar januari janv janvier enero ene janeiro gennaio gen gener ianuarie ian januar tammikuu tammikuuta jaanuar stycznia styczeń sty leden ledna januára января янв январь січня січ януари ocak oca yanvar január jan ιανουαρίου ιαν يناير ژانویه جنوری januari जनवरी كانون_الثاني جانفي کانوونی_دووەم کانونی_دووەم çile rêbendan јануар siječnja",
	"february feb febr februar februari févr février fév febrero fevereiro fev febbraio febr febrer februarie februar helmikuu helmikuuta veebruar lutego luty lut únor února februára февраля фев февраль лютого лют февруари şubat şub fevral február φεβρουαρίου φεβ فبراير شباط فوریه فروری februari pebruari फ़रवरी फरवरी فيفري شوبات sibat фебруар veljače",
	"march mar mär märz mrz maart mrt mars marzo março març martie maaliskuu maaliskuuta märts marca marzec březen března марта мар март березня бер март mart március márc μαρτίου μαρ مارس آذار مارچ maret मार्च ئازار adar ožujka",
	"april apr avril avr abril abr aprile aprilie huhtikuu huhtikuuta aprill kwietnia kwiecień kwi duben dubna apríla апреля апр апрель квітня кві април nisan nis aprel április ápr απριλίου απρ أبريل ابريل نيسان آوریل اپریل अप्रैल أفريل avrêl nîsan travnja",
	"may mai mei maj mayo maio maggio mag maig toukokuu toukokuuta maja maj květen května mája мая май травня тра mayıs mayis május máj μαΐου μάιος مايو أيار مه مئی मई ماي mayis ئایار gulan мај svibnja",
	"june jun juni juin junio junho giugno giu juny iunie juni kesäkuu kesäkuuta juuni czerwca czerwiec cze červen června júna июня июн июнь червня чер юни haziran haz iyun június jún ιουνίου ιουν يونيو حزيران ژوئن جون जून جوان حوزەیران hezîran јун lipnja",
	"july jul juli juillet juil julio julho luglio lug juliol iulie heinäkuu heinäkuuta juuli lipca lipiec lip červenec července júla июля июл июль липня лип юли temmuz tem iyul július júl ιουλίου ιουλ يوليو تموز ژوئیه जुलाई जुलै يوليوز جويلية تەممووز تەمموز تەموز tîrmeh јул srpnja",
	"august aug augustus août aout agosto ago agost ago elokuu elokuuta sierpnia sierpień sie srpen srpna augusta августа авг август серпня сер ağustos ağu avqust augusztus aug αυγούστου αυγ أغسطس اغسطس آب اوت اگست agustus अगस्त غشت أوت ئاب tebax kolovoza",
	"september sep sept septembre septiembre setiembre setembro set settembre setembre septembrie septiembre syyskuu syyskuuta september września wrzesień wrz září septembra сентября сен сент сентябрь вересня вер септември eylül eyl sentyabr szeptember szept σεπτεμβρίου σεπ سبتمبر أيلول سپتامبر ستمبر सितंबर सितम्बर شتنبر ئەیلوول ئەیلول îlon септембар rujna",
	"october oct okt oktober octobre octubre outubro out ottobre ott octubre octombrie oktober lokakuu lokakuuta oktoober października październik paź říjen října októbra октября окт октябрь жовтня жов октомври ekim eki oktyabr október οκτωβρίου οκτ أكتوبر اكتوبر اکتبر اکتوبر अक्टूबर अक्तूबर تشرين_الأول تشرینی_یەکەم cotmeh октобар",
	"november nov novembre noviembre novembro novembre noiembrie marraskuu marraskuuta listopada listopad novembra ноября ноя ноябрь листопада лис ноември kasım kasim kas noyabr november νοεμβρίου νοε نوفمبر نوامبر نومبر nopember नवंबर नवम्बर تشرين_الثاني نونبر تشرینی_دووەم mijdar новембар studenoga",
	"december dec dez dezember déc décembre diciembre dic dezembro dez dicembre desembre decembrie desember des joulukuu joulukuuta detsember grudnia grudzień gru prosinec prosince decembra декабря дек декабрь грудня гру декември aralık aralik ara dekabr δεκεμβρίου δεκ ديسمبر دسامبر دسمبر desember दिसंबर दिसम्बर كانون_الأول دجنبر کانوونی_یەکەم کانونی_یەکەم berfanbar децембар",
}

// solarNames are the months of the Solar Hijri calendar, in Persian and Dari.
var solarNames = [12]string{"فروردین حمل", "اردیبهشت ثور", "خرداد جوزا", "تیر سرطان", "مرداد اسد", "شهریور سنبله", "مهر میزان", "آبان عقرب", "آذر قوس", "دی جدی", "بهمن دلو", "اسفند حوت"}

var (
	months      = monthTable(monthNames)
	solarMonths = monthTable(solarNames)
)

// monthTable maps each name to its number; an underscore stands for a space.
func monthTable(lists [12]string) map[string]time.Month {
	t := make(map[string]time.Month, 512)
	for i, names := range lists {
		for name := range strings.FieldsSeq(names) {
			t[sameLetters(strings.ReplaceAll(name, "_", " "))] = time.Month(i + 1)
		}
	}
	return t
}

// letterForms makes one of the Arabic letters that keyboards and languages
// write differently.
var letterForms = strings.NewReplacer("أ", "ا", "إ", "ا", "آ", "ا", "ی", "ي", "ى", "ي", "ێ", "ي", "ک", "ك", "ە", "ه", "ة", "ه", "ہ", "ه", "ۆ", "و", "\u064b", "", "\u0651", "")

func sameLetters(s string) string {
	if s == "" || s[0] < 0xD8 || s[0] > 0xDB {
		return s // no Arabic
	}
	return letterForms.Replace(s)
}

// monthAt reads a month's name of one or two words at token i, in Kurdish with
// the ending that joins it to the year.
func monthAt(names map[string]time.Month, toks []token, i int) (month, next int, ok bool) {
	if i >= len(toks) || toks[i].num >= 0 {
		return 0, i, false
	}
	text := sameLetters(toks[i].text)
	if i+1 < len(toks) && toks[i+1].num < 0 {
		two := text + " " + sameLetters(toks[i+1].text)
		if m, known := names[two]; known {
			return int(m), i + 2, true
		}
		if m, known := names[strings.TrimSuffix(two, "ي")]; known {
			return int(m), i + 2, true
		}
	}
	m, known := names[text]
	if !known {
		m, known = names[strings.TrimSuffix(text, "ي")]
	}
	return int(m), i + 1, known
}

// zones are the zone abbreviations seen in news bylines, as offsets in minutes.
// Ambiguous ones (IST, BST, CST) carry their most common reading there.
var zones = map[string]int{
	"utc": 0, "gmt": 0, "z": 0, "wet": 0,
	"bst": 60, "cet": 60, "wat": 60, "mez": 60, "west": 60,
	"cest": 120, "mesz": 120, "eet": 120, "sast": 120, "cat": 120,
	"eest": 180, "msk": 180, "eat": 180, "trt": 180, "ast": -240,
	"gst": 240, "pkt": 300, "ist": 330, "wib": 420, "hkt": 480, "sgt": 480, "awst": 480,
	"jst": 540, "kst": 540, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780,
	"est": -300, "edt": -240, "et": -300, "cst": -360, "cdt": -300,
	"mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "brt": -180,
}
