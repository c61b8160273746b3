package article_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// The words of a line decide whether its date is that of publication, in each language.
func TestPublishedAmongOtherDates(t *testing.T) {
	t.Parallel()
	declared := func(date string) string { return `<meta property="article:published_time" content="` + date + `">` }
	for name, c := range map[string]struct{ head, line, want string }{
		"life in Spanish": {
			head: declared("2024-05-02T08:00:00+02:00"), line: "<p>Ada Roe (3 de mayo de 1941 – 1 de mayo de 2024)</p>",
			want: "2024-05-02T08:00:00+02:00",
		},
		"life in Russian": {
			head: declared("2024-05-02T08:00:00+03:00"), line: "<p>3 мая 1991 – 1 мая 2024</p>",
			want: "2024-05-02T08:00:00+03:00",
		},
		"picture in Italian": {
			head: declared("2024-05-02"), line: "<p>Foto scattata il 3 marzo 2023</p>", want: "2024-05-02",
		},
		"picture in Dutch": {
			head: declared("2024-05-02"), line: "<p>Foto genomen op 3 maart 2023</p>", want: "2024-05-02",
		},
		"picture in Turkish": {
			head: declared("2024-05-02"), line: "<p>Fotoğraf: 3 Mart 2023</p>", want: "2024-05-02",
		},
		"manuscript in German": {
			head: declared("2024-05-02"), line: "<p>Eingegangen am 3. März 2023</p>", want: "2024-05-02",
		},
		"manuscript in French": {
			head: declared("2024-05-02"), line: "<p>Reçu le 3 mars 2023</p>", want: "2024-05-02",
		},
		"event in Polish":     {line: "<p>Kiedy: 3 marca 2023, godz. 19</p>"},
		"event in Portuguese": {line: "<p>Data do evento: 3 de março de 2023</p>"},
		"event in Dutch":      {line: "<p>Wanneer: 3 maart 2023, 19 uur</p>"},
		"event in Italian":    {line: "<p>Quando: 3 marzo 2023, ore 19</p>"},
		"event in Swedish":    {line: "<p>När: 3 mars 2023 kl. 19</p>"},
		"event in prose": {
			line: "<p>The first concert in the new hall will be on 3 March 2023, and the last one in the autumn.</p>",
		},
		"published in Swedish": {line: "<p>Publicerad 3 mars 2023</p>", want: "2023-03-03"},
		"published in Greek":   {line: "<p>Δημοσιεύτηκε 3 Μαρτίου 2023</p>", want: "2023-03-03"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html><head><title>Council agrees to repair the old bridge</title>" + c.head + "</head><body><article>" +
				"<h1>Council agrees to repair the old bridge</h1>" + c.line + strings.Repeat(paragraph, 6) +
				"</article></body></html>"
			if got := published(t, page); got != c.want {
				t.Errorf("published is %q, want %q", got, c.want)
			}
		})
	}
}

// Bylines in many languages have the date, a place or an agency on the same line.
func TestAuthorsBesideDatesAndPlaces(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ line, want string }{
		"French, date":        {"Par Ada Roe, publié le 3 mars 2023 à 19h00", "Ada Roe"},
		"French, agency":      {"Ada Roe avec AFP", "Ada Roe, AFP"},
		"German, place, date": {"Von Ada Roe, Berlin, 03.03.2023", "Ada Roe"},
		"German, two, slash":  {"Von Ada Roe / Ben Doe", "Ada Roe, Ben Doe"},
		"Polish, date":        {"Tekst: Ada Roe, 3 marca 2023", "Ada Roe"},
		"Russian, date":       {"Автор: Анна Роева, 3 марта 2023", "Анна Роева"},
		"Turkish, label":      {"Haber: Ada Roe - 03.03.2023", "Ada Roe"},
		"Italian, label":      {"di Ada Roe | 3 marzo 2023", "Ada Roe"},
		"Spanish, date":       {"Por Ada Roe | 3 de marzo de 2023", "Ada Roe"},
		"Portuguese, date":    {"Por Ada Roe — 03/03/2023 19h00", "Ada Roe"},
		"Dutch, editorial":    {"Van onze verslaggever Ada Roe", "Ada Roe"},
		"Swedish, label":      {"Av Ada Roe, 3 mars 2023", "Ada Roe"},
		"Greek, label":        {"Συντάκτης: Άντα Ρόη", "Άντα Ρόη"},
		"Chinese, reporter":   {"記者王小明／台北報導", "王小明"},
		"Japanese, text":      {"文・山田花子（フリーライター）", "山田花子"},
		"Hebrew, date":        {"מאת: אדה רועי, 3.3.2023", "אדה רועי"},
		"Arabic, label":       {"كتبت: آدا روي", "آدا روي"},
		"Czech, label":        {"Text: Ada Roeová, 3. března 2023", "Ada Roeová"},
		"Hungarian, label":    {"Írta: Roe Ada", "Roe Ada"},
		"Finnish, date":       {"Ada Roe 3.3.2023", "Ada Roe"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html><head><title>Council agrees to repair the old bridge</title></head><body><article>" +
				"<h1>Council agrees to repair the old bridge</h1><p class=byline>" + c.line + "</p>" +
				strings.Repeat(paragraph, 6) + "</article></body></html>"
			var names []string
			for _, author := range extract(t, article.Page{Body: []byte(page)}).Authors {
				names = append(names, author.Name)
			}
			if got := strings.Join(names, ", "); got != c.want {
				t.Errorf("authors are %q, want %q", got, c.want)
			}
		})
	}
}

// Consent pages and pages that do not exist are delivered with the status of a success.
func TestPagesInPlaceOfArticles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		title, body string
		want        article.Reason
	}{
		"consent in Italian": {
			"La tua privacy", "<h1>Il rispetto della tua privacy è la nostra priorità</h1><p>Noi e i nostri partner " +
				"archiviamo " +
				"e accediamo a informazioni su un dispositivo, come i cookie, e trattiamo dati personali.</p><p>Puoi accettare " +
				"o rifiutare cliccando sui pulsanti qui sotto. Puoi modificare le tue scelte quando vuoi.</p>" +
				"<button>Accetta</button>", article.ReasonBlocked,
		},
		"consent in Polish": {
			"Szanujemy Twoją prywatność", "<h1>Szanujemy Twoją prywatność</h1><p>My i nasi partnerzy przechowujemy " +
				"informacje na urządzeniu, takie jak pliki cookie, i przetwarzamy dane osobowe w celach reklamowych.</p>" +
				"<p>Możesz zaakceptować lub odrzucić przetwarzanie danych, klikając poniżej.</p>", article.ReasonBlocked,
		},
		"not found in Portuguese": {
			"Página não encontrada", "<h1>Página não encontrada</h1><p>A página que você procura não existe ou foi removida. " +
				"Verifique o endereço ou volte para a página inicial do jornal, onde estão as notícias de hoje.</p>",
			article.ReasonNotFound,
		},
		"not found in Turkish": {
			"Sayfa bulunamadı", "<h1>Aradığınız sayfa bulunamadı</h1><p>Aradığınız sayfa kaldırılmış, adı değiştirilmiş veya " +
				"geçici olarak kullanım dışı olabilir. Ana sayfaya dönerek aramaya devam edebilirsiniz.</p>",
			article.ReasonNotFound,
		},
		"not found in Dutch": {
			"Pagina niet gevonden", "<h1>Pagina niet gevonden</h1><p>De pagina die u zoekt bestaat niet of is verplaatst. " +
				"Kijk de link na, of ga terug naar de voorpagina van de krant en zoek daar verder.</p>",
			article.ReasonNotFound,
		},
		"error in Spanish": {
			"Error del servidor", "<h1>Error interno del servidor</h1><p>Se ha producido un error al procesar su solicitud. " +
				"Inténtelo de nuevo más tarde. Si el problema continúa, póngase en contacto con nosotros.</p>",
			article.ReasonErrorPage,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html><head><title>" + c.title + "</title></head><body><main>" + c.body + "</main></body></html>"
			_, err := article.Extract(t.Context(),
				article.Page{URL: "https://www.example.org/a/4711", Body: []byte(page)}, article.Options{})
			var refused *article.Error
			if !errors.As(err, &refused) || refused.Reason != c.want {
				t.Errorf("error is %v, want reason %s", err, c.want)
			}
		})
	}
}
