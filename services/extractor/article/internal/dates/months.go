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
	// Names and their short forms in the languages of Europe, then those of the Middle
	// East, of Central, South and South-East Asia and of Africa, as far as they name
	// the months of the Gregorian calendar. Two words are joined by an underscore, the
	// two letters of a Thai short form by their full stop.
	"january jan jänner januar januari janv janvier enero ene janeiro gennaio gen gener ianuarie ian tammikuu tammikuuta jaanuar stycznia styczeń sty leden " +
		"ledna januára января янв январь січня січ януари ocak oca yanvar január ιανουαρίου ιαν يناير ژانویه جنوری जनवरी كانون_الثاني جانفي کانوونی_دووەم " +
		"کانونی_دووەم çile rêbendan јануар siječnja jannar janar urtarril urtarrila urtarrilak urtarrilaren xaneiro eanáir ionawr janúar januarie janairu " +
		"janaayo қаңтар январ январи ýanwar იანვარი იანვარს იან հունվար հունվարի ינואר בינואר جنوري يانۋار জানুয়ারি জানুয়ারী জানু জানুৱাৰী जन जानेवारी " +
		"જાન્યુઆરી ਜਨਵਰੀ ଜାନୁଆରୀ ஜனவரி జనవరి ಜನವರಿ ജനുവരി ජනවාරි มกราคม ม.ค ມັງກອນ មករា ဇန်နဝါရီ sausio sausis janvāris janvāra janvārī januarja januara јануара " +
		"јануари студзеня студзень січень janaur ιανουάριος jannewaarje janu",
	"february feb febr februar februari févr février fév febrero fevereiro fev febbraio febrer februarie helmikuu helmikuuta veebruar lutego luty lut únor " +
		"února februára февраля фев февраль лютого лют февруари şubat şub fevral február φεβρουαρίου φεβ فبراير شباط فوریه فروری pebruari फ़रवरी फरवरी فيفري " +
		"شوبات sibat фебруар veljače frar shkurt otsail otsaila otsailak otsailaren febreiro feabhra chwefror febrúar pebrero fabrairu febraayo ақпан феврал " +
		"феврали fewral თებერვალი თებერვალს თებ փետրվար փետրվարի פברואר בפברואר فبروري فېۋرال ফেব্রুয়ারি ফেব্রুয়ারী ফেব্রু ফেব্ৰুৱাৰী फर फेब्रुवारी फेब्रुअरी " +
		"फेब्रुवरी ફેબ્રુઆરી ਫਰਵਰੀ ਫ਼ਰਵਰੀ ଫେବୃଆରୀ ଫେବ୍ରୁଆରୀ பிப்ரவரி ఫిబ్రవరి ಫೆಬ್ರವರಿ ഫെബ്രുവരി පෙබරවාරි กุมภาพันธ์ ก.พ ກຸມພາ កុម្ភៈ ဖေဖော်ဝါရီ vasario vasaris " +
		"februāris februāra februārī februarja februara фебруара лютага люты лютий φεβρουάριος feber veljača",
	"march mar mär märz mrz maart mrt mars marzo março març martie maaliskuu maaliskuuta märts marca marzec březen března марта мар март березня бер mart " +
		"március márc μαρτίου μαρ مارس آذار مارچ maret मार्च ئازار adar ožujka marts marzu martxo martxoa martxoak martxoaren márta mawrth fawrth mäerz mac " +
		"marso machi maris maarso наурыз марти მარტი მარტს მარ մարտ մարտի מרץ מרס במרץ במרס مارت মার্চ মাৰ্চ માર્ચ ਮਾਰਚ ମାର୍ଚ୍ଚ மார்ச் మార్చి ಮಾರ್ಚ್ മാർച്ച് " +
		"മാര്ച്ച් മാര്ച്ച് මාර්තු มีนาคม มี.ค ມີນາ មីនា မတ် kovo kovas martā marec marta сакавіка сакавік березень μάρτιος",
	"april apr avril avr abril abr aprile aprilie huhtikuu huhtikuuta aprill kwietnia kwiecień kwi duben dubna apríla апреля апр апрель квітня кві април " +
		"nisan nis aprel április ápr απριλίου απρ أبريل ابريل نيسان آوریل اپریل अप्रैल أفريل avrêl nîsan travnja prill apiril apirila apirilak apirilaren " +
		"aibreán aibreáin ebrill apríl abrëll aprili afrilu abriil сәуір апрел апрели აპრილი აპრილს აპრ ապրիլ ապրիլի אפריל באפריל ئاپرېل এপ্রিল এপ্ৰিল अप्रै " +
		"एप्रिल अप्रिल એપ્રિલ ਅਪ੍ਰੈਲ ଅପ୍ରେଲ ஏப்ரல் ఏప్రిల్ ಏಪ್ರಿಲ್ ഏപ്രിൽ ഏപ്രില් ഏപ്രില് අප්රේල් เมษายน เม.ย ເມສາ មេសា ဧပြီ balandžio balandis aprīlis aprīļa " +
		"aprīlī aprila априла красавіка красавік квітень απρίλιος travanj",
	"may mai mei maj mayo maio maggio mag maig toukokuu toukokuuta maja květen května mája мая май травня тра mayıs mayis május máj μαΐου μάιος مايو أيار مه " +
		"مئی मई ماي ئایار gulan мај svibnja mejju maiatz maiatza maiatzak maiatzaren bealtaine fai maí mee mayu maajo мамыр майи maý მაისი მაისს მაი մայիս " +
		"մայիսի מאי במאי می মে मे મે ਮਈ ମଇ மே మే ಮೇ മേയ് മെയ് මැයි พฤษภาคม พ.ค ພຶດສະພາ ឧសភា မေ gegužės gegužė maijs maija maijā травень траўня μάι svibanj маја",
	"june jun juni juin junio junho giugno giu juny iunie kesäkuu kesäkuuta juuni czerwca czerwiec cze červen června júna июня июн июнь червня чер юни " +
		"haziran haz iyun június jún ιουνίου ιουν يونيو حزيران ژوئن جون जून جوان حوزەیران hezîran јун lipnja ġunju qershor ekain ekaina ekainak ekainaren xuño " +
		"meitheamh mheitheamh mehefin fehefin júní junie hunyo yuni juun маусым июни iýun ივნისი ივნისს ივნ հունիս հունիսի יוני ביוני ئىيۇن জুন जुन જૂન ਜੂਨ ଜୁନ " +
		"ஜூன் జూన్ ಜೂನ್ ജൂൺ ജൂണ് ජූනි มิถุนายน มิ.ย ມິຖຸນາ មិថុនា ဇွန် birželio birželis jūnijs jūnija jūnijā junija juna јуна јуни чэрвеня чэрвень червень " +
		"ιούνιος lipanj",
	"july jul juli juillet juil julio julho luglio lug juliol iulie heinäkuu heinäkuuta juuli lipca lipiec lip červenec července júla июля июл июль липня " +
		"лип юли temmuz tem iyul július júl ιουλίου ιουλ يوليو تموز ژوئیه जुलाई जुलै يوليوز جويلية تەممووز تەمموز تەموز tîrmeh јул srpnja lulju korrik uztail " +
		"uztaila uztailak uztailaren xullo iúil gorffennaf orffennaf júlí julie julai hulyo yuli luulyo шілде июли iýul ივლისი ივლისს ივლ հուլիս հուլիսի יולי " +
		"ביולי جولائی جولای ئىيۇل জুলাই જુલાઈ ਜੁਲਾਈ ଜୁଲାଇ ஜூலை జులై జూలై ಜುಲೈ ജൂലൈ ජූලි กรกฎาคม ก.ค ກໍລະກົດ កក្កដា ဇူလိုင် liepos liepa jūlijs jūlija jūlijā " +
		"julija jula јула јули ліпеня ліпень липень ιούλιος srpanj",
	"august aug augustus août aout agosto ago agost elokuu elokuuta sierpnia sierpień sie srpen srpna augusta августа авг август серпня сер ağustos ağu " +
		"avqust augusztus αυγούστου αυγ أغسطس اغسطس آب اوت اگست agustus अगस्त غشت أوت ئاب tebax kolovoza awwissu gusht abuztu abuztua abuztuak abuztuaren lúnasa " +
		"awst ágúst ogos agosti agusta agoosto тамыз августи awgust აგვისტო აგვისტოს აგვ օգոստոս օգոստոսի אוגוסט באוגוסט اګست ئاۋغۇست আগস্ট আগষ্ট अग ऑगस्ट अगस्ट " +
		"ઑગસ્ટ ઓગસ્ટ ਅਗਸਤ ଅଗଷ୍ଟ ஆகஸ்ட் ஆகஸ்டு ఆగస్టు ఆగస్ట్ ಆಗಸ್ಟ್ ഓഗസ്റ്റ് ആഗസ്റ്റ് අගෝස්තු สิงหาคม ส.ค ສິງຫາ សីហា ဩဂုတ် သြဂုတ် rugpjūčio rugpjūtis augusts " +
		"augustā avgust avgusta жніўня жнівень серпень αύγουστος kolovoz agu agt",
	"september sep sept septembre septiembre setiembre setembro set settembre setembre septembrie syyskuu syyskuuta września wrzesień wrz září septembra " +
		"сентября сен сент сентябрь вересня вер септември eylül eyl sentyabr szeptember szept σεπτεμβρίου σεπ سبتمبر أيلول سپتامبر ستمبر सितंबर सितम्बर شتنبر " +
		"ئەیلوول ئەیلول îlon септембар rujna settembru shtator irail iraila irailak irailaren meán_fómhair medi fedi septemba satumba sebtembar қыркүйек сентябр " +
		"сентябри sentabr sentýabr სექტემბერი სექტემბერს სექ սեպտեմբեր սեպտեմբերի ספטמבר בספטמבר سېنتەبىر সেপ্টেম্বর ছেপ্টেম্বৰ सितं सप्टेंबर सेप्टेम्बर " +
		"સપ્ટેમ્બર ਸਤੰਬਰ ସେପ୍ଟେମ୍ବର செப்டம்பர் సెప్టెంబర్ సెప్టెంబరు ಸೆಪ್ಟೆಂಬರ್ സെപ്റ്റംബർ സെപ്റ്റംബര് සැප්තැම්බර් กันยายน ก.ย ກັນຍາ កញ្ញា စက်တင်ဘာ rugsėjo " +
		"rugsėjis septembris septembrī septembar септембра верасня верасень вересень σεπτέμβριος rujan setyembre",
	"october oct okt oktober octobre octubre outubro out ottobre ott octombrie lokakuu lokakuuta oktoober października październik paź říjen října októbra " +
		"октября окт октябрь жовтня жов октомври ekim eki oktyabr október οκτωβρίου οκτ أكتوبر اكتوبر اکتبر اکتوبر अक्टूबर अक्तूबर تشرين_الأول تشرینی_یەکەم " +
		"cotmeh октобар ottubru tetor urri urria urriak urriaren deireadh_fómhair hydref oktoba oktoobar oktubre қазан октябр октябри oktabr oktýabr ოქტომბერი " +
		"ოქტომბერს ოქტ հոկտեմբեր հոկտեմբերի אוקטובר באוקטובר ئۆكتەبىر অক্টোবর অক্টোবৰ अक्टू ऑक्टोबर अक्टोबर ઑક્ટોબર ઓક્ટોબર ਅਕਤੂਬਰ ଅକ୍ଟୋବର அக்டோபர் అక్టోబర్ " +
		"అక్టోబరు ಅಕ್ಟೋಬರ್ ഒക്ടോബർ ഒക്ടോബര് ඔක්තෝබර් ตุลาคม ต.ค ຕຸລາ តុលា အောက်တိုဘာ spalio spalis oktobris oktobra oktobrī oktobar октобра кастрычніка " +
		"кастрычнік жовтень οκτώβριος",
	"november nov novembre noviembre novembro noiembrie marraskuu marraskuuta listopada listopad novembra ноября ноя ноябрь листопада лис ноември kasım " +
		"kasim kas noyabr νοεμβρίου νοε نوفمبر نوامبر نومبر nopember नवंबर नवम्बर تشرين_الثاني نونبر تشرینی_دووەم mijdar новембар studenoga novembru nëntor " +
		"azaro azaroa azaroak azaroaren samhain samhna tachwedd dachwedd nóvember nobyembre novemba nuwamba nofembar қараша ноябр ноябри noýabr ნოემბერი " +
		"ნოემბერს ნოე նոյեմբեր նոյեմբերի נובמבר בנובמבר نويابىر নভেম্বর নৱেম্বৰ नवं नोव्हेंबर नोभेम्बर નવેમ્બર ਨਵੰਬਰ ନଭେମ୍ବର நவம்பர் నవంబర్ నవంబరు ನವೆಂಬರ್ നവംബർ " +
		"നവംബര് නොවැම්බර් พฤศจิกายน พ.ย ພະຈິກ វិច្ឆិកា နိုဝင်ဘာ lapkričio lapkritis novembris novembrī novembar новембра лістапада лістапад листопад νοέμβριος " +
		"listopadu studenog studeni",
	"december dec dez dezember déc décembre diciembre dic dezembro dicembre desembre decembrie desember des joulukuu joulukuuta detsember grudnia grudzień " +
		"gru prosinec prosince decembra декабря дек декабрь грудня гру декември aralık aralik ara dekabr δεκεμβρίου δεκ ديسمبر دسامبر دسمبر दिसंबर दिसम्बर " +
		"كانون_الأول دجنبر کانوونی_یەکەم کانونی_یەکەم berfanbar децембар diċembru dhjetor abendu abendua abenduak abenduaren decembro nollaig nollag rhagfyr " +
		"ragfyr disember disyembre desemba disamba diseembar желтоқсан декабр декабри დეკემბერი დეკემბერს დეკ դեկտեմբեր դեկտեմբերի דצמבר בדצמבר دېكابىر ডিসেম্বর " +
		"ডিচেম্বৰ दिसं डिसेंबर डिसेम्बर ડિસેમ્બર ਦਸੰਬਰ ଡିସେମ୍ବର டிசம்பர் డిసెంబర్ డిసెంబరు ಡಿಸೆಂಬರ್ ഡിസംബർ ഡിസംബര് දෙසැම්බර් ธันวาคม ธ.ค ທັນວາ ធ្នូ ဒီဇင်ဘာ " +
		"gruodžio gruodis decembris decembrī decembar децембра снежня снежань грудень δεκέμβριος prosinca",
}

// solarNames are the months of the Solar Hijri calendar, in Persian, Dari and Pashto.
var solarNames = [12]string{"فروردین حمل وری", "اردیبهشت ثور غویی", "خرداد جوزا غبرګولی", "تیر سرطان چنګاښ", "مرداد امرداد اسد زمری", "شهریور سنبله وږی", "مهر میزان تله", "آبان عقرب لړم", "آذر قوس لیندۍ", "دی جدی مرغومی", "بهمن دلو سلواغه", "اسفند حوت کب"}

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

// letterForms makes one of the letters that keyboards and languages write
// differently: Arabic ones, Greek ones with and without accents, and those of India
// with a dot below, which may be a character of its own.
var letterForms = strings.NewReplacer("أ", "ا", "إ", "ا", "آ", "ا", "ی", "ي", "ى", "ي", "ێ", "ي", "ک", "ك", "ە", "ه", "ة", "ه", "ہ", "ه", "ۆ", "و", "\u064b", "", "\u064e", "", "\u064f", "", "\u0650", "", "\u0651", "", "\u0652", "",
	"ά", "α", "έ", "ε", "ή", "η", "ί", "ι", "ϊ", "ι", "ΐ", "ι", "ό", "ο", "ύ", "υ", "ώ", "ω", "ς", "σ",
	"\u0958", "\u0915", "\u0959", "\u0916", "\u095a", "\u0917", "\u095b", "\u091c", "\u095e", "\u092b", "\u095f", "\u092f", "\u093c", "", "\u09df", "\u09af", "\u09bc", "", "\u0a5e", "\u0a2b", "\u0a3c", "")

func sameLetters(s string) string {
	if s == "" || s[0] < 0xCD || s[0] > 0xE0 || s[0] > 0xCF && s[0] < 0xD8 {
		return s // no Greek, Arabic or Indian letters
	}
	return letterForms.Replace(s)
}

// monthAt reads a month's name of one or two words at token i, with the ending or
// prefix that some languages join to it, and the name by which another calendar's
// custom calls the same month ("نيسان / أبريل").
func monthAt(names map[string]time.Month, toks []token, i int) (month, next int, ok bool) {
	m, next, ok := nameAt(names, toks, i)
	if ok && next+1 < len(toks) && (toks[next].is("/") || toks[next].is("(") || toks[next].is("-")) {
		if again, after, known := nameAt(names, toks, next+1); known && again == m {
			next = after
		}
	}
	return int(m), next, ok
}

func nameAt(names map[string]time.Month, toks []token, i int) (month time.Month, next int, ok bool) {
	if i >= len(toks) || toks[i].num >= 0 {
		return 0, i, false
	}
	text := sameLetters(toks[i].text)
	if i+1 < len(toks) && toks[i+1].num < 0 {
		two := text + " " + sameLetters(toks[i+1].text)
		if m, known := names[two]; known {
			return m, i + 2, true
		}
		if m, known := names[strings.TrimSuffix(two, "ي")]; known {
			return m, i + 2, true
		}
		if toks[i+1].is(".") && i+2 < len(toks) {
			if m, known := names[text+"."+toks[i+2].text]; known {
				return m, i + 3, true
			}
		}
	}
	if m, known := names[text]; known {
		return m, i + 1, true
	}
	if text == "" || text[0] < 0x80 {
		return 0, i, false
	}
	// In Kurdish "i" joins the name to the year, in Burmese "la" says that it is a
	// month, as "khae" does before it in Khmer and "duean" in Lao and Thai.
	text = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(text, "ខែ"), "ເດືອນ"), "เดือน")
	m, known := names[strings.TrimSuffix(strings.TrimSuffix(text, "ي"), "လ")]
	return m, i + 1, known
}

// zones are the zone abbreviations seen in news bylines, as offsets in minutes.
// Ambiguous ones (IST, BST, CST) carry their most common reading there.
var zones = map[string]int{
	"utc": 0, "gmt": 0, "z": 0, "wet": 0,
	"bst": 60, "cet": 60, "wat": 60, "mez": 60, "west": 60,
	"cest": 120, "mesz": 120, "eet": 120, "sast": 120, "cat": 120,
	"eest": 180, "msk": 180, "eat": 180, "trt": 180, "ast": -240,
	"gst": 240, "pkt": 300, "ist": 330, "npt": 345, "irst": 210, "ict": 420, "wib": 420, "wita": 480, "wit": 540, "pht": 480, "hkt": 480, "sgt": 480, "awst": 480,
	"jst": 540, "kst": 540, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780,
	"est": -300, "edt": -240, "et": -300, "cst": -360, "cdt": -300,
	"mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "brt": -180,
}
