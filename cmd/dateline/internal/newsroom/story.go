package newsroom

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// The papers that the events of the story happen to.
const (
	publisher  = "ledger"
	copier     = "gazette"
	redesigner = "valmere"
	silenced   = "wadi"
)

// bell is the article that the story is about.
const bell = "harbour-bell"

// Event is something that happens in the newsroom.
type Event struct {
	// What describes it in a sentence.
	What string
	// URLs are the addresses to fetch again, or for the first time, to notice it.
	URLs []string
	// Visits is how often each of them is fetched.
	Visits int
}

// visitsOfBaseline is how often the pages of a paper are fetched before its redesign, as
// a baseline for drift detection. visitsOfRedesign is how often they are fetched
// afterwards.
const (
	visitsOfBaseline = 8
	visitsOfRedesign = 4
)

// Story returns what happens in the newsroom after its first edition. Each function makes
// one event happen; call them in order.
func (n *Newsroom) Story() []func() (Event, error) {
	return []func() (Event, error){n.silent, n.publish, n.copy, n.correct, n.visit, n.redesign, n.fallSilent}
}

// publish adds an article to a paper.
func (n *Newsroom) publish() (Event, error) {
	paper := paperOf(publisher)
	source, err := files.ReadFile(path.Join("story", bell+".txt"))
	if err != nil {
		return Event{}, fmt.Errorf("reading the story: %w", err)
	}
	a, err := parseArticle(paper, bell, string(source))
	if err != nil {
		return Event{}, fmt.Errorf("article %s: %w", bell, err)
	}
	n.press.add(a)
	return n.event(paper.Title+" publishes a report of an agency", a), nil
}

// copy makes another paper print the report under its own headline.
func (n *Newsroom) copy() (Event, error) {
	paper, original := paperOf(copier), n.press.find(bell)
	a := *original
	a.Paper, a.Slug, a.Path, a.Charset = paper.Name, bell+"-copy", "/archive/story.asp?id=1107", paper.Charset
	a.Title, a.Published = "Bell on the mole keeps its own hours", original.Published.Add(2*time.Hour)
	n.press.add(&a)
	return n.event(paper.Title+" prints the same report", &a), nil
}

// correct changes a number in the report, with a note about it.
func (n *Newsroom) correct() (Event, error) {
	a := *n.press.find(bell)
	a.Modified = a.Published.Add(3 * time.Hour)
	a.Title = "Harbour bell rings by itself for the fourth night"
	a.Body = slices.Clone(a.Body)
	for i, block := range a.Body {
		a.Body[i].Text = strings.ReplaceAll(strings.ReplaceAll(block.Text, "nine", "eleven"), "third night", "fourth night")
	}
	a.Body = append(a.Body, Block{
		Kind: Paragraph, Text: "Correction: An earlier version of this report gave the wrong number of strokes.",
	})
	n.press.replace(&a)
	return n.event(paperOf(publisher).Title+" corrects the report", &a), nil
}

// visit fetches the pages of a paper again without changing them, as happens to a busy
// paper.
func (n *Newsroom) visit() (Event, error) {
	e := n.edition(redesigner)
	e.What, e.Visits = paperOf(redesigner).Title+" is read as usual", visitsOfBaseline
	return e, nil
}

// redesign gives a paper a layout without dates and authors.
func (n *Newsroom) redesign() (Event, error) {
	n.press.change(func(p *press) { p.redesigned[redesigner] = true })
	e := n.edition(redesigner)
	e.What, e.Visits = paperOf(redesigner).Title+" has a new design, without dates and authors", visitsOfRedesign
	return e, nil
}

// fallSilent makes a paper answer every request with an error.
func (n *Newsroom) fallSilent() (Event, error) {
	n.press.change(func(p *press) { p.down[silenced] = true })
	e := n.edition(silenced)
	e.What = paperOf(silenced).Title + " is out of service"
	return e, nil
}

func (n *Newsroom) event(what string, a *Article) Event {
	return Event{What: what, URLs: []string{n.origins[a.Paper] + a.address()}, Visits: 1}
}

// edition returns an event about all articles of a paper.
func (n *Newsroom) edition(paper string) Event {
	e := Event{Visits: 1}
	n.press.mu.RLock()
	defer n.press.mu.RUnlock()
	for _, a := range n.press.articles[paper] {
		if !a.Hidden() {
			e.URLs = append(e.URLs, n.origins[paper]+a.address())
		}
	}
	return e
}

func paperOf(name string) Paper {
	return papers[slices.IndexFunc(papers, func(p Paper) bool { return p.Name == name })]
}

// change changes the press between two requests.
func (p *press) change(do func(*press)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do(p)
}

// add adds an article as the newest of its paper.
func (p *press) add(a *Article) {
	p.change(func(p *press) { p.articles[a.Paper] = slices.Insert(slices.Clone(p.articles[a.Paper]), 0, a) })
}

// replace replaces the article with the same slug.
func (p *press) replace(a *Article) {
	p.change(func(p *press) {
		articles := slices.Clone(p.articles[a.Paper])
		articles[slices.IndexFunc(articles, func(old *Article) bool { return old.Slug == a.Slug })] = a
		p.articles[a.Paper] = articles
	})
}
