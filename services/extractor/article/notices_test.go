package article_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func prosePage(between ...string) string {
	var b strings.Builder
	for i, piece := range between {
		fmt.Fprintf(&b, "<p>In the %dth week of the repairs the masons reached the middle arch, and the mayor "+
			"came to see how far they had got.</p>%s", i+4, piece)
	}
	return pageWith("<article>" + b.String() + paragraph + "</article>")
}

func textOf(t *testing.T, page string) string {
	t.Helper()
	a := extract(t, article.Page{URL: "https://news.example/bridge", Body: []byte(page)})
	return a.Text
}

func TestConsentNoticesAreDropped(t *testing.T) {
	t.Parallel()
	for _, notice := range []string{
		"An dieser Stelle finden Sie einen Film von Rheinkanal. Zum Schutz Ihrer Daten wird er erst geladen, " +
			"wenn Sie zustimmen.",
		"Ce contenu est bloqué car vous n'avez pas accepté les traceurs de la plateforme qui le diffuse.",
		"Contenido externo no disponible. Sus preferencias de privacidad impiden que se cargue este mapa.",
		"We need your permission before anything is loaded here, as the provider of this map may use cookies.",
	} {
		text := textOf(t, prosePage("<div class=x1><p>"+notice+"</p></div>", ""))
		if strings.Contains(text, notice[:30]) {
			t.Errorf("the notice %q is in the text", notice)
		}
		if !strings.Contains(text, "5th week") || !strings.Contains(text, "before winter comes") {
			t.Errorf("with the notice %q text is lost: %s", notice, text)
		}
	}
}

func TestTextAboutCookiesIsKept(t *testing.T) {
	t.Parallel()
	sentence := "The data protection office found that the town's website stored cookies of third parties before " +
		"anyone had agreed to them."
	if text := textOf(t, prosePage("<p>"+sentence+"</p>", "")); !strings.Contains(text, sentence) {
		t.Errorf("a sentence of the article is missing: %s", text)
	}
}

func TestLinksWithTheSameLabelAreDropped(t *testing.T) {
	t.Parallel()
	// In a language without listed phrases.
	link := func(n int) string {
		return fmt.Sprintf("<p>SOMA HAPA | <a href=/habari/%d>Daraja la kale lafungwa kwa wiki %d</a></p>", n, n)
	}
	text := textOf(t, prosePage(link(1), link(2), link(3)))
	if strings.Contains(text, "SOMA") || !strings.Contains(text, "6th week") {
		t.Errorf("got %s", text)
	}
	one := "<p>Price: <a href=/shop/1>forty crowns a ticket</a></p>"
	two := "<p>Price: <a href=/shop/2>sixty crowns a family</a></p>"
	if text := textOf(t, prosePage(one, two)); !strings.Contains(text, "forty crowns") ||
		!strings.Contains(text, "sixty crowns") {
		t.Errorf("facts with a repeated label are lost: %s", text)
	}
}
