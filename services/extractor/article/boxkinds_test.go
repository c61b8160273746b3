package article_test

import (
	"strings"
	"testing"
)

// A short article, of which a box is a large part.
const shortStory = "<p>The ferry to the islands will sail once a day from October, half as often as now, the " +
	"company said.</p><p>The harbour master called the plan sad but honest, and the grocer doubled her order of flour.</p>"

// Sentences of boxes, which BOX marks.
const (
	commentBox = "<p>BOX I have used this ferry for thirty years, and it was never on time, not even once.</p>"
	letterBox  = "<h3>BOX The harbour letter</h3><p>BOX Get the five stories that matter on the coast, every " +
		"morning before breakfast.</p>"
	offerBox   = "<p>BOX Read everything on the coast for one crown a week, and cancel whenever you like.</p>"
	supportBox = "<p>BOX Our reporters work for readers like you, and for nobody else. Please give what you can.</p>"
	relatedBox = "<p>BOX The masons have reached the middle arch of the old bridge, and the mayor came to see them.</p>"
	authorBox  = "<p>BOX Jane Roe has written about the coast for twenty years. She lives on the smaller island.</p>"
	adBox      = "<p>BOX Buy your boots in the shop on the quay, where they have been made for a hundred years.</p>"
	addressBox = "<form><input type=email name=email><button>BOX Join</button></form>"
)

func inDiv(class, text string) string { return `<div class="` + class + `">` + text + `</div>` }

func markedBoxes() map[string]string {
	return map[string]string{
		"comments": `<section id="comments"><h3>BOX 2 comments</h3>` +
			inDiv("comment", commentBox) + inDiv("comment", commentBox) + `</section>`,
		"comments of WordPress": `<div id="respond"></div><ol class="commentlist"><li class="comment"><article>` +
			`<footer>BOX Sam says:</footer>` + inDiv("comment-content", commentBox) + `</article></li></ol>`,
		"comments in German": inDiv("leserkommentare", "<h4>BOX Leserbriefe</h4><p>BOX Ich fahre seit dreißig Jahren "+
			"mit dieser Fähre, und sie war nicht ein einziges Mal pünktlich.</p>"),
		"comments in French": inDiv("commentaires", "<p>BOX Je prends ce bateau depuis trente ans, et il n'a jamais "+
			"été à l'heure, pas une seule fois.</p>"),
		"comments in Spanish": `<ul class="comentarios"><li><p>BOX Llevo treinta años en este barco y nunca ha llegado ` +
			`a tiempo, ni una sola vez en la vida.</p></li></ul>`,
		"comments in Polish": inDiv("komentarze", "<p>BOX Pływam tym promem od trzydziestu lat i nigdy nie był na "+
			"czas, ani jeden jedyny raz w życiu.</p>"),
		"comments of a service": `<div id="disqus_thread">` + commentBox + `</div>`,
		"property of a comment": `<div itemprop="comment">` + commentBox + `</div>`,
		"type of a comment":     `<div itemscope itemtype="https://schema.org/Comment">` + commentBox + `</div>`,
		"newsletter":            inDiv("newsletter-signup", letterBox+addressBox),
		"newsletter form":       `<form action="/join">` + letterBox + `<input type=email><button>BOX Join</button></form>`,
		"form in a box":         inDiv("x7", letterBox+addressBox),
		"newsletter in Dutch": inDiv("nieuwsbrief", "<p>BOX Elke ochtend de vijf verhalen die ertoe doen aan de kust, "+
			"nog voor het ontbijt in je mailbox.</p>"),
		"newsletter in Swedish": `<aside class="nyhetsbrev"><p>BOX Varje morgon de fem viktigaste nyheterna från ` +
			`kusten, redan före frukost i din inkorg.</p></aside>`,
		"newsletter in French": inDiv("inscription-newsletter", "<p>BOX Recevez chaque matin les cinq histoires qui "+
			"comptent sur la côte, avant le petit déjeuner.</p>"),
		"offer":     inDiv("subscription-offer", offerBox+`<a href=/sub>BOX Subscribe</a>`),
		"subscribe": inDiv("subscribe-box", offerBox),
		"offer in German": inDiv("abo-teaser", "<p>BOX Lesen Sie alles von der Küste für einen Euro in der Woche, im "+
			"ersten Jahr und jederzeit kündbar.</p>"),
		"offer in French": inDiv("abonnement", "<p>BOX Lisez tout ce qui se passe sur la côte pour un euro par "+
			"semaine, la première année, sans engagement.</p>"),
		"offer in Spanish": inDiv("suscripcion", "<p>BOX Lea todo lo que pasa en la costa por un euro a la semana "+
			"durante el primer año, sin permanencia.</p>"),
		"membership": inDiv("membership-promo", supportBox),
		"donation":   inDiv("donate-box", supportBox),
		"donation in German": inDiv("spenden-aufruf", "<p>BOX Unsere Redaktion arbeitet für Menschen wie Sie und für "+
			"niemanden sonst. Bitte geben Sie, was Sie können.</p>"),
		"call":                inDiv("call-to-action", supportBox),
		"related":             inDiv("related-articles", `<h3>BOX Related</h3><a href=/1>BOX Bridge repaired</a>`+relatedBox),
		"related in an aside": `<aside><h3>BOX More</h3>` + relatedBox + `</aside>`,
		"recommended":         inDiv("recommendations", relatedBox),
		"read more":           inDiv("read-more-box", `<h4><a href=/1>BOX Bridge repaired</a></h4>`+relatedBox),
		"related in Italian": inDiv("articoli-correlati", "<p>BOX I muratori sono arrivati all'arco di mezzo del "+
			"vecchio ponte, e il sindaco è venuto a vederli.</p>"),
		"related in Dutch": inDiv("gerelateerd", "<p>BOX De metselaars hebben de middelste boog van de oude brug "+
			"bereikt, en de burgemeester kwam kijken.</p>"),
		"related in Polish": inDiv("czytaj-takze", "<p>BOX Murarze doszli do środkowego łuku starego mostu, a "+
			"burmistrz przyszedł zobaczyć ich pracę.</p>"),
		"teaser": inDiv("teaser", `<h3><a href=/1>BOX Bridge repaired</a></h3>`+relatedBox),
		"share bar": inDiv("share-bar", "<p>BOX Send this story to a friend who should know about it, or print it "+
			"for the fridge.</p><a href=/f>BOX Mail</a>"),
		"social":           `<ul class="social-links"><li><a href=/f>BOX Faces</a></li><li><a href=/x>BOX Mail</a></li></ul>`,
		"author":           inDiv("author-box", `<img src=/jr.jpg width=80 height=80><h4>BOX Jane Roe</h4>`+authorBox),
		"about the author": `<section class="about-the-author">` + authorBox + `</section>`,
		"biography":        inDiv("author-bio", authorBox),
		"author in German": inDiv("autorenbox", "<p>BOX Jane Roe schreibt seit zwanzig Jahren über die Küste. Sie lebt "+
			"auf der kleineren der beiden Inseln.</p>"),
		"person": `<div itemscope itemtype="https://schema.org/Person"><span itemprop=name>BOX Jane Roe</span>` +
			authorBox + `</div>`,
		"advertisement": inDiv("ad-container", adBox),
		"sponsored":     inDiv("sponsored-content", adBox),
		"role":          `<div role="complementary">` + relatedBox + `</div>`,
		"poll": inDiv("poll", "<p>BOX Should the ferry to the islands sail more often in the winter months than it "+
			"does today?</p><form><input type=radio>BOX Yes</form>"),
	}
}

// Boxes that their names or marks tell apart are not text, however short the article is.
func TestMarkedBoxesOfShortArticles(t *testing.T) {
	t.Parallel()
	for name, box := range markedBoxes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for where, page := range map[string]string{
				"at the end of": "<article>" + shortStory + paragraph + box + "</article>",
				"within":        "<article>" + shortStory + box + paragraph + "</article>",
				"after":         "<article>" + shortStory + paragraph + "</article>" + box,
				"beside":        "<div><div>" + shortStory + paragraph + "</div>" + box + "</div>",
			} {
				text := textOf(t, pageWith(page))
				if strings.Contains(text, "BOX") {
					t.Errorf("%s the article: got %q", where, text)
				}
				if !strings.Contains(text, "half as often") || !strings.Contains(text, "before winter comes") {
					t.Errorf("%s the article: text is lost: %q", where, text)
				}
			}
		})
	}
}

// Names that describe the article itself, or its parts, do not make a box.
func TestBoxesThatAreTheArticle(t *testing.T) {
	t.Parallel()
	const story = shortStory + paragraph
	for name, page := range map[string]string{
		"opinion":               `<article class="comment">` + story + `</article>`,
		"opinion in German":     `<article class="kommentar">` + story + `</article>`,
		"newsletter":            inDiv("newsletter-content", story),
		"for subscribers":       inDiv("subscriber-content", story),
		"layout with a sidebar": inDiv("content has-sidebar", story),
		"shared":                `<article class="shareable social">` + story + `</article>`,
		"form of the page":      `<form action="/search.aspx"><div>` + story + `</div><input type=hidden></form>`,
		"form with an address":  `<form><input type=email><div>` + story + `</div></form>`,
		"box of facts":          `<article>` + shortStory + inDiv("box facts", paragraph) + `</article>`,
		"aside":                 `<article><aside>` + story + `</aside></article>`,
		"person":                `<article itemscope itemtype="https://schema.org/Person">` + story + `</article>`,
		"related topic":         `<article>` + inDiv("story related-topic", story) + `</article>`,
		"author's text":         inDiv("author-content", story),
		"promoted":              inDiv("promo-article", story),
		"sections with a form": `<div><section class=s>` + shortStory + `</section><section class=s>` + paragraph +
			addressBox + `</section></div>`,
		"reviews": `<div>` + strings.Repeat(inDiv("card", `<h3><a href=/p>A boat for the winter</a></h3><p>The boat `+
			`held in all storms, and its heating is good.</p>`), 3) + storyText + story + `</div>`,
		"contents": `<div>` + inDiv("card", `<h3><a href="#a">Where the ferry sails</a></h3>`+shortStory) + paragraph +
			`</div>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := textOf(t, pageWith(page))
			if !strings.Contains(text, "half as often") || !strings.Contains(text, "before winter comes") ||
				strings.Contains(page, "heating") && strings.Count(text, "heating") != 3 {
				t.Errorf("text is lost: %q", text)
			}
		})
	}
}
