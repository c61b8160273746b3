package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// wallPage returns a page with a title, and with contents in its body element.
func wallPage(title, contents string) string {
	return "<!doctype html><html><head><meta charset=utf-8><title>" + title + "</title></head><body>" + contents +
		"</body></html>"
}

// stories is a list of other articles, as sites show it below an error.
const stories = `<aside><h2>Latest stories</h2><ul>` +
	`<li><a href="/a">Harbour ferry resumes after the storm of last week</a><p>Crossings run hourly again.</p></li>` +
	`<li><a href="/b">Council votes for the new library on Mill Street</a><p>Work starts in the autumn.</p></li>` +
	`<li><a href="/c">School bus routes change for the winter timetable</a><p>Parents get letters.</p></li></ul></aside>`

func TestWalls(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		url, html string
		want      article.Reason
		evidence  string
	}{
		"not found, with stories": {
			html: wallPage("Page not found | Harrow Bay Courier", `<div class="error404"><h1>Oops! That page can’t be `+
				`found.</h1><p>It looks like nothing was found at this location. Maybe try a search?</p></div>`+stories),
			want: article.ReasonNotFound, evidence: "That page can’t be found",
		},
		"status code only": {
			html: wallPage("404", "<h1>404</h1><p>Sorry, the page you requested has gone.</p>"), want: article.ReasonNotFound,
		},
		"not found, title of the site": {
			html: wallPage("Harrow Bay Courier", `<header><a href="/">Harrow Bay Courier</a></header><main `+
				`class="page-404"><h1>We can’t find that page</h1><p>The page you’re looking for may have been moved or `+
				`deleted. Check the address, or start again from our home page, where all of today’s stories are.</p></main>`),
			want: article.ReasonNotFound,
		},
		"not found in German": {
			html: wallPage("Seite nicht gefunden – Hafenbote", "<h1>Fehler 404: Seite nicht "+
				"gefunden</h1><p>Leider konnte die "+
				"gesuchte Seite nicht gefunden werden. Vielleicht wurde sie verschoben oder gelöscht.</p>"+stories),
			want: article.ReasonNotFound,
		},
		"not found in French": {
			html: wallPage("Page introuvable", "<h1>Page introuvable</h1><p>La page que vous recherchez n’existe "+
				"pas ou n’est "+
				"plus disponible. Nous vous invitons à revenir à la page d’accueil ou à utiliser la recherche.</p>"),
			want: article.ReasonNotFound,
		},
		"not found in Spanish": {
			html: wallPage("Página no encontrada", "<h1>¡Vaya! Página no encontrada</h1><p>La página que buscas "+
				"no existe o ha "+
				"cambiado de dirección. Puedes volver a la portada o usar el buscador para encontrar la noticia.</p>"),
			want: article.ReasonNotFound,
		},
		"not found in Russian": {
			html: wallPage("Ошибка 404", "<h1>Страница не найдена</h1><p>Запрашиваемая страница не существует или была "+
				"удалена. Перейдите на главную страницу сайта или воспользуйтесь поиском по новостям.</p>"),
			want: article.ReasonNotFound,
		},
		"not found in Japanese": {
			html: wallPage("404", "<h1>ページが見つかりません</h1><p>お探しのページは移動または削除された可能性があります。"+
				"お手数ですが、トップページからもう一度お探しください。ニュースの検索もご利用いただけます。</p>"),
			want: article.ReasonNotFound,
		},
		"not found in Arabic": {
			html: wallPage("الصفحة غير موجودة", "<h1>الصفحة غير موجودة</h1><p>الصفحة التي تبحث عنها غير متاحة أو تم نقلها. "+
				"يمكنك العودة إلى الصفحة الرئيسية أو استخدام البحث للعثور على الأخبار التي تريد قراءتها على موقعنا.</p>"),
			want: article.ReasonNotFound,
		},
		"server error": {
			html: wallPage("502 Bad Gateway", "<center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center>"),
			want: article.ReasonErrorPage, evidence: "502 Bad Gateway",
		},
		"database error": {
			html: wallPage("Database Error", "<h1>Error establishing a database connection</h1>"),
			want: article.ReasonErrorPage,
		},
		"maintenance": {
			html: wallPage("Harrow Bay Courier", "<h1>We’ll be back soon!</h1><p>Sorry for the inconvenience. We "+
				"are currently "+
				"performing maintenance on our servers and expect to be online again within a couple of hours. In the "+
				"meantime you can follow the news on our radio programme or read the printed paper. — The team</p>"),
			want: article.ReasonErrorPage,
		},
		"error in Dutch": {
			html: wallPage("Er ging iets mis", "<h1>Er ging iets mis</h1><p>De server kan de pagina nu niet laten zien. "+
				"Probeer het later nog eens, of ga terug naar de voorpagina van de krant met het nieuws van vandaag.</p>"),
			want: article.ReasonErrorPage,
		},
		"program error": {
			html: wallPage("", "<b>Fatal error:</b> Uncaught Error: Call to a member function render() on null in index.php "+
				"on line 61. Stack trace: #0 {main} thrown in the file index.php on line 61, called from frontend.php"),
			want: article.ReasonErrorPage,
		},
		"bot check": {
			html: wallPage("Just a moment...", "<h1>news.example</h1><p>Checking your browser before accessing news.example. "+
				"This process is automatic. Your browser will redirect to the requested content shortly. Please allow up to "+
				"five seconds. This website is using a security service to protect itself from online attacks.</p>"),
			want: article.ReasonBlocked,
		},
		"captcha": {
			html: wallPage("Are you a robot?", "<h1>Are you a robot?</h1><p>To continue, please click the box "+
				"below to let us "+
				"know you’re not a robot. Please make sure your browser supports JavaScript and cookies and that you are not "+
				"blocking them from loading. For more information, review our terms of service and cookie policy.</p>"),
			want: article.ReasonBlocked, evidence: "Are you a robot?",
		},
		"refused region": {
			html: wallPage("451: Unavailable for legal reasons", "<h1>451: Unavailable due to legal "+
				"reasons</h1><p>We recognize "+
				"you are attempting to access this website from a country in the European Economic Area. Because of the "+
				"General Data Protection Regulation, access cannot be granted at this time. For any issues, call us.</p>"),
			want: article.ReasonBlocked,
		},
		"consent wall": {
			html: wallPage("Harrow Bay Courier", `<div class="message"><h2>We value your privacy</h2><p>We and `+
				`our 812 partners `+
				`store and access information on your device, such as unique identifiers, and process data to show ads.</p>`+
				`<p>You can accept, or manage your preferences. Your choices apply to this site only. You may withdraw your `+
				`consent by returning to this page.</p><button>Accept all</button><button>Options</button></div>`),
			want: article.ReasonBlocked, evidence: "We value your privacy",
		},
		"consent wall in German": {
			html: wallPage("Ihre Privatsphäre", `<h1>Mit Werbung weiterlesen</h1><p>Besuchen Sie unsere Seite wie gewohnt `+
				`mit Werbung und Tracking. Ihre Einwilligung können Sie jederzeit widerrufen. Wir und unsere Partner speichern `+
				`Informationen auf Ihrem Gerät und verarbeiten personenbezogene Daten, um Anzeigen auszuwählen.</p>`+
				`<p>Oder lesen Sie mit einem Abonnement ohne Werbung. Das kostet im Monat so viel wie ein Kaffee.</p>`),
			want: article.ReasonBlocked,
		},
		"consent wall with the article's metadata": {
			html: `<html><head><title>Bridge reopens - Courier</title><meta property="og:type" content="article">` +
				`<meta property="article:published_time" content="2026-03-01T10:00:00Z"></head><body><h1>Before you ` +
				`continue</h1>` +
				`<p>We and our partners store and access information on your device, such as cookies, to run our services and ` +
				`to protect you against spam, fraud and abuse on every device that you use to read us.</p><p>If you accept, we ` +
				`also use cookies to improve services. Your choices can be changed at any time in the ` +
				`settings.</p></body></html>`,
			want: article.ReasonBlocked,
		},
		"login": {
			url: "https://news.example/login",
			html: wallPage("Sign in", "<h1>Sign in to continue</h1><p>Already a subscriber? Sign in to your "+
				"account. Forgot your "+
				"password? We can send you a link that lets you choose a new one. New here? Create an account to read up to "+
				"three stories each month without paying, and to get our morning letter.</p>"),
			want: article.ReasonBlocked,
		},
		"paid article without text": {
			html: `<html><head><title>Bridge reopens</title><script type="application/ld+json">{"@type":"NewsArticle",` +
				`"headline":"Bridge reopens","isAccessibleForFree":false}</script></head><body><h1>Bridge reopens</h1>` +
				`<nav><a href="/">Home</a></nav><div class="paywall"><a href="/buy">Subscribe to continue ` +
				`reading</a></div></body></html>`,
			want: article.ReasonBlocked,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := article.Extract(t.Context(), article.Page{URL: test.url, Body: []byte(test.html)}, article.Options{})
			if a != nil || article.ReasonOf(err) != test.want {
				t.Fatalf("got an article: %v, error %v, want reason %s", a != nil, err, test.want)
			}
			if !strings.Contains(err.Error(), test.evidence) {
				t.Errorf("the error %q does not name the evidence %q", err, test.evidence)
			}
		})
	}
}

// TestArticlesAboutWalls has articles that are easily mistaken for what they are about.
func TestArticlesAboutWalls(t *testing.T) {
	t.Parallel()
	const (
		outage = `<p>For six hours on Tuesday the readers of four newspapers saw nothing but “503 Service Unavailable”. ` +
			`The host of the sites, a company in Larmere, said that a power supply had failed in its only hall.</p>` +
			`<p>“Something went wrong, and then the spare went wrong too,” said its director, Ines Holm. Visitors were told ` +
			`to try again in a few minutes, and then to try again later.</p><p>The papers will move to two halls.</p>`
		law = `<p>Parliament has passed a law that bans the phrase “we value your privacy” above a button ` +
			`that accepts all ` +
			`cookies. Sites must offer “reject all” just as plainly, or face fines.</p><p>Publishers argue that ` +
			`nobody reads ` +
			`the text on “legitimate interest” and that most people would withdraw their consent if asked again.</p>` +
			`<p>The minister said your choices should count once, for every site, for good.</p>`
		lost = `<p>Half of the links in court rulings of the nineties lead to the words “Page not found”. The ` +
			`page you are ` +
			`looking for, it turns out, was deleted with the server when the court changed its ` +
			`contractor.</p><p>A librarian ` +
			`in Vessel Quay has now collected nine thousand of the lost documents from old computers in cellars.</p>`
		robots = `<p>A retired clerk was asked to verify he was human eleven times last week, and failed ` +
			`twice.</p><p>“I pick ` +
			`the traffic lights, but the robot check wants bicycles,” he told this paper. The maker of the captcha says it ` +
			`detects unusual traffic from your network and cannot tell people from machines reliably any more.</p>`
	)
	dated := `<p class="byline">By Karl Moser, 3 March 2026</p>`
	for name, test := range map[string]struct{ headline, contents string }{
		"outage":                  {"Four newspapers offline for six hours", outage},
		"outage, dated":           {"503 Service Unavailable: four newspapers offline", dated + outage},
		"outage as the headline":  {"Service Unavailable", dated + outage + outage + outage},
		"consent law":             {"Law bans “We value your privacy”", law},
		"consent law, dated":      {"We value your privacy: the phrase that a law now bans", dated + law},
		"lost pages":              {"The librarian who finds what is lost", lost},
		"page not found, a story": {"Page not found: how courts lost their rulings", dated + lost},
		"headline Page not found": {"Page not found", dated + strings.Repeat(lost, 3)},
		"captcha":                 {"Are you a robot? A clerk of 81 is no longer sure", robots},
		"captcha, dated":          {"When the robot check fails people", dated + robots},
		"number as the headline":  {"404", dated + strings.Repeat(robots, 4)},
		"privacy, with a dialog": {
			"Council publishes its data", `<p>The council has put all its bus times on the web, for anyone to use. Riders ` +
				`had asked for that since the company in Larmere closed its own service in the spring of last year.</p>` +
				`<div class="cookie-dialog"><h2>We value your privacy</h2><p>We and our partners store and access information ` +
				`on a device. You can withdraw your consent at any time.</p></div>`,
		},
		"login box": {
			"Council publishes its data", `<p>The council has put all its bus times on the web, for anyone to use. Riders ` +
				`had asked for that since the company in Larmere closed its own service in the spring of last year.</p>` +
				`<aside class="login"><h2>Log in</h2><p>Already a subscriber? Log in to your account. Forgot your ` +
				`password?</p></aside>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := wallPage(test.headline+" - Harrow Bay Courier",
				"<article><h1>"+test.headline+"</h1>"+test.contents+"</article>")
			a, err := article.Extract(t.Context(), article.Page{Body: []byte(page)}, article.Options{})
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			if a.Title != test.headline {
				t.Errorf("title = %q, want %q", a.Title, test.headline)
			}
		})
	}
}
