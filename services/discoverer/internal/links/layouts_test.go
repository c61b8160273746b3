package links_test

import (
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"
)

// made is a page of a made site, with the articles among its links.
type made struct {
	html     string
	articles map[string]bool // URLs as linked, resolved
	others   map[string]bool
}

// site makes the pages of a layout.
type site struct {
	layout
	random *rand.Rand
	serial int
	page   *made
	b      *strings.Builder
	day    time.Time
}

// layout is a kind of site: what its URLs are and how its pages are built.
type layout struct {
	name string
	// article returns the URL of an article.
	article func(s *site, title, section string) string
	// section, topic and paging return the URLs of lists.
	section, topic func(s *site, name string) string
	// teaser writes an article's entry on the page.
	teaser func(s *site, href, title string)
	// title makes a title. The default is one of 4 to 10 words.
	title func(s *site) string
	// extra writes what else the page has.
	extra func(s *site)
	// plain pages have no nav, header and footer elements.
	plain bool
	// wrong marks URLs that mislead without knowledge of the site. feed is the number of
	// articles on a page that a feed of the site lists as well.
	wrong bool
	feed  int
}

var (
	sectionNames = strings.Fields("world politics business sport culture science travel local opinion health")
	nouns        = strings.Fields(`harbour crane council bridge school market storm river museum festival strike budget
 court train airport clinic forest island election minister teacher player coach record season battery engine library`)
	verbs = strings.Fields(`opens closes moves wins loses plans rejects approves delays repairs sells buys warns asks
 finds leaves reports blocks joins expands`)
	others = strings.Fields(`after before despite against over under new old third largest quiet northern public
 late early long short difficult second growing`)
)

func (s *site) pick(words []string) string { return words[s.random.IntN(len(words))] }

func (s *site) headline(least, most int) string {
	n := least + s.random.IntN(most-least+1)
	words := []string{s.pick(others), s.pick(nouns), s.pick(verbs), s.pick(nouns)}[:min(n, 4)]
	for len(words) < n {
		words = append(words, s.pick([][]string{others, nouns, verbs}[len(words)%3]))
	}
	return strings.ToUpper(words[0][:1]) + words[0][1:] + " " + strings.Join(words[1:], " ")
}

func slug(title string) string { return strings.ReplaceAll(strings.ToLower(title), " ", "-") }

func (s *site) id() int {
	s.serial += 1 + s.random.IntN(40)
	return 1200000 + s.serial
}

// render makes a home page with 40 articles, and navigation.
func (s *site) render() *made {
	s.page = &made{articles: make(map[string]bool), others: make(map[string]bool)}
	s.b = new(strings.Builder)
	s.day = s.day.Add(9 * time.Hour)
	s.b.WriteString("<!doctype html><html><head><title>Made</title></head><body>")
	s.open("header")
	s.link("/", "Home")
	s.open("nav")
	for _, name := range sectionNames {
		s.link(s.section(s, name), strings.ToUpper(name[:1])+name[1:])
	}
	s.close("nav")
	s.close("header")
	s.b.WriteString("<main>")
	for range 40 {
		title := s.headline(4, 10)
		if s.title != nil {
			title = s.title(s)
		}
		href := s.article(s, title, s.pick(sectionNames))
		s.page.articles[resolve(href)] = true
		s.teaser(s, html.EscapeString(href), title)
	}
	s.b.WriteString("</main><div class=\"topics\">")
	for range 8 {
		name := s.pick(others) + " " + s.pick(nouns)
		s.link(s.topic(s, name), strings.ToUpper(name[:1])+name[1:])
	}
	s.b.WriteString("</div>")
	if s.extra != nil {
		s.extra(s)
	}
	s.open("footer")
	for _, name := range []string{"about-us", "contact", "privacy", "terms", "newsletter", "advertise"} {
		s.link("/"+name, strings.ReplaceAll(name, "-", " "))
	}
	s.link("https://social.example/made-site-on-this-large-network", "Follow the made site on this network")
	s.close("footer")
	s.b.WriteString("</body></html>")
	s.page.html = s.b.String()
	for u := range s.page.articles {
		delete(s.page.others, u)
	}
	return s.page
}

func (s *site) open(name string) {
	if s.plain {
		name = "div"
	}
	s.b.WriteString("<" + name + ">")
}

func (s *site) close(name string) {
	if s.plain {
		name = "div"
	}
	s.b.WriteString("</" + name + ">")
}

// link writes a link that is not an article.
func (s *site) link(href, text string) {
	s.page.others[resolve(href)] = true
	fmt.Fprintf(s.b, "<a href=\"%s\">%s</a> ", html.EscapeString(href), html.EscapeString(text))
}

var madeBase = &url.URL{Scheme: "https", Host: "www.made.example", Path: "/"}

func resolve(href string) string {
	u, err := madeBase.Parse(href)
	if err != nil {
		panic(err)
	}
	return u.String()
}

// Forms of teasers.
func inHeading(s *site, href, title string) {
	fmt.Fprintf(s.b, `<article class="teaser"><h2><a href="%s">%s</a></h2><p>%s.</p></article>`, href, title, title)
}

func inList(s *site, href, title string) {
	fmt.Fprintf(s.b, `<ul class="latest"><li><time>%02d:10</time> <a href="%s">%s</a></li></ul>`, s.random.IntN(24),
		href, title)
}

func card(s *site, href, title string) {
	fmt.Fprintf(s.b, `<div class="card"><a href="%s"><img src="/i.jpg" alt=""><h3>%s</h3><p>More.</p></a></div>`,
		href, title)
}

func readMore(s *site, href, title string) {
	fmt.Fprintf(s.b, `<div class="item"><a href="%s"><img src="/i.jpg"></a><a href="%s">%s</a>
<a href="%s">Read more</a></div>`,
		href, href, title, href)
}

func row(s *site, href, title string) {
	fmt.Fprintf(s.b, `<table><tr><td><a href="%s">%s</a></td></tr></table>`, href, title)
}

// Forms of lists.
func plainSection(_ *site, name string) string { return "/" + name }
func slashSection(_ *site, name string) string { return "/" + name + "/" }
func category(_ *site, name string) string     { return "/category/" + name + "/" }
func tag(_ *site, name string) string          { return "/tag/" + slug(name) + "/" }
func topicPath(_ *site, name string) string    { return "/topics/" + slug(name) }

var chinese = []rune("港口起重机移动城市议会批准新预算学校关闭桥梁修复河流博物馆节日开幕火车延误机场扩建选举结果")

func chineseTitle(s *site) string {
	var b strings.Builder
	for range 10 + s.random.IntN(12) {
		b.WriteRune(chinese[s.random.IntN(len(chinese))])
	}
	return b.String()
}

func cyrillicTitle(s *site) string {
	words := strings.Fields("порт кран мост школа рынок река музей совет " +
		"выборы поезд закрыт открыт новый старый больница")
	var all []string
	for range 4 + s.random.IntN(5) {
		all = append(all, s.pick(words))
	}
	return strings.Join(all, " ")
}

var layouts = []layout{
	{name: "date and slug", section: category, topic: tag, teaser: inHeading, article: func(s *site, title,
		_ string) string {
		return s.day.Format("/2006/01/02/") + slug(title) + "/"
	}},
	{name: "section, slug and id", section: plainSection, topic: topicPath, teaser: card,
		article: func(s *site, title, section string) string {
			return fmt.Sprintf("/%s/%s-%d", section, slug(title),
				s.id())
		}},
	{name: "number", section: plainSection, topic: topicPath, teaser: inHeading,
		article: func(s *site, _, _ string) string { return fmt.Sprintf("/article/%d", s.id()) }},
	{name: "query", plain: true, teaser: row,
		section: func(_ *site, name string) string { return fmt.Sprintf("/list.php?cat=%d", len(name)) },
		topic:   func(_ *site, name string) string { return "/search.php?q=" + url.QueryEscape(name) },
		article: func(s *site, _, _ string) string { return fmt.Sprintf("/news.php?id=%d", s.id()) }},
	{name: "file below a number", section: slashSection, topic: func(_ *site,
		name string) string {
		return "/themen/" + slug(name) + "/"
	},
		teaser: card, article: func(s *site, title, section string) string {
			return fmt.Sprintf("/%s/article%d/%s.html", section, s.id(), strings.ReplaceAll(title, " ", "-"))
		}},
	{name: "short slugs", section: plainSection, topic: topicPath, teaser: inHeading,
		title:   func(s *site) string { return s.headline(2, 4) },
		article: func(_ *site, title, section string) string { return "/" + section + "/" + slug(title) }},
	{name: "slug at the top", section: category, topic: tag, teaser: inHeading,
		article: func(_ *site, title, _ string) string { return "/" + slug(title) + "/" }},
	{name: "uuid", section: plainSection, topic: topicPath, teaser: card, article: func(s *site, _, _ string) string {
		return fmt.Sprintf("/story/%08x-%04x-4%03x-a%03x-%012x", s.random.Uint32(), s.random.Uint32N(1<<16),
			s.random.Uint32N(1<<12), s.random.Uint32N(1<<12), s.random.Uint64N(1<<48))
	}},
	{name: "Chinese", plain: true, title: chineseTitle, teaser: inList, section: slashSection,
		topic: func(s *site, _ string) string { return fmt.Sprintf("/zt/%c/", 'a'+s.random.IntN(26)) },
		article: func(s *site, _, _ string) string {
			return fmt.Sprintf("/a/%s/%d.shtml", s.day.Format("20060102"), s.id())
		}},
	{name: "Cyrillic", title: cyrillicTitle, teaser: inHeading, section: slashSection,
		topic:   func(_ *site, name string) string { return "/tags/" + slug(name) },
		article: func(_ *site, title, section string) string { return "/" + section + "/" + url.PathEscape(slug(title)) }},
	{name: "images and read more", section: plainSection, topic: topicPath, teaser: readMore,
		article: func(s *site, title, section string) string { return fmt.Sprintf("/%s/%s.htm", section, slug(title)) }},
	{name: "tables", plain: true, teaser: row, section: func(_ *site,
		name string) string {
		return "/cgi/section?name=" + name
	},
		topic:   func(_ *site, name string) string { return "/cgi/search?query=" + url.QueryEscape(name) },
		article: func(s *site, _, _ string) string { return fmt.Sprintf("/cgi/view?article_id=%d&ref=home", s.id()) }},
	{name: "hosts of sections", teaser: card, topic: topicPath,
		section: func(_ *site, name string) string { return "https://" + name + ".made.example/" },
		article: func(s *site, title, section string) string {
			return "https://" + section + ".made.example" + s.day.Format("/2006-01-02-") + slug(title)
		}},
	{name: "articles below a list word", section: slashSection, topic: topicPath, teaser: inHeading,
		article: func(s *site, title, _ string) string { return fmt.Sprintf("/magazine/%s-%d", slug(title), s.id()) }},
	{name: "calendars and pages", section: category, topic: tag, teaser: inHeading, extra: func(s *site) {
		for i := range 40 {
			day := s.day.AddDate(0, 0, -i)
			s.link(day.Format("/2006/01/02/"), day.Format("2 January 2006, all the articles"))
			s.link(day.Format("/calendar/?date=2006-01-02"), day.Format("2"))
			s.link(fmt.Sprintf("/page/%d/", i+2), fmt.Sprint(i+2))
			s.link(fmt.Sprintf("/world/?page=%d", i+2), fmt.Sprint(i+2))
		}
	}, article: func(s *site, title, _ string) string { return s.day.Format("/2006/01/") + slug(title) + "/" }},
	{name: "session ids", section: plainSection, topic: topicPath, teaser: inList, extra: func(s *site) {
		for range 30 {
			s.link(fmt.Sprintf("/go?visit=%016x%016x", s.random.Uint64(), s.random.Uint64()), s.headline(4, 8))
		}
	}, article: func(s *site, title, section string) string {
		return fmt.Sprintf("/%s/%s?PHPSESSID=%016x%016x", section, slug(title), s.random.Uint64(), s.random.Uint64())
	}},
	{name: "long tags", section: plainSection, teaser: card,
		topic: func(s *site, name string) string {
			return "/tags/" + slug(name) + "-and-the-" + s.pick(nouns) + "-question"
		},
		article: func(_ *site, title, section string) string { return "/" + section + "/" + slug(title) }},
	{name: "hubs like articles", section: plainSection, teaser: inHeading,
		topic:   func(s *site, name string) string { return "/news/" + slug(name) + "-and-" + s.pick(nouns) + "-live" },
		article: func(_ *site, title, _ string) string { return "/news/" + slug(title) }},
	{name: "vouchers", section: plainSection, topic: topicPath, teaser: card, extra: func(s *site) {
		s.b.WriteString(`<aside class="partners">`)
		for range 15 {
			s.link("/vouchers/"+s.pick(nouns)+"-"+s.pick(nouns)+"-discount-code-2026", s.pick(nouns)+" discount code")
		}
		s.b.WriteString("</aside>")
	}, article: func(_ *site, title, section string) string { return "/" + section + "/europe/" + slug(title) }},
	{name: "photos and people", section: slashSection, topic: topicPath, teaser: inHeading, extra: func(s *site) {
		for range 15 {
			s.link("/people/"+s.pick(nouns)+"-"+s.pick(others), "By "+s.pick(nouns)+" "+s.pick(others))
			s.link("/photos/"+s.pick(nouns)+"/large.jpg", "Photo of the "+s.pick(nouns)+" in the evening")
		}
	}, article: func(s *site, title, section string) string {
		return fmt.Sprintf("/%s/%s_%d.html", section, slug(title), s.id())
	}},
}
