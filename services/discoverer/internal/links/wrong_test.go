package links_test

import "fmt"

// wrongLayouts are sites whose URLs mislead: their articles have URLs like lists, or their
// lists have URLs like articles. Only the outcomes of their links tell.
var wrongLayouts = []layout{
	{name: "articles like archives", wrong: true, feed: 10, section: plainSection, topic: topicPath, teaser: inHeading,
		article: func(s *site, _, _ string) string { return "/archive/" + s.pick(nouns) + s.pick(verbs) + s.pick(nouns) }},
	{name: "articles like pages of lists", wrong: true, feed: 10, section: slashSection, topic: tag, teaser: row,
		plain: true, article: func(s *site, _, section string) string {
			return fmt.Sprintf("/%s/page/%d", section, s.id())
		}},
	{name: "articles like searches", wrong: true, feed: 10, plain: true, teaser: row,
		section: func(_ *site, name string) string { return "/cat?c=" + name },
		topic:   func(_ *site, name string) string { return "/topic?t=" + slug(name) },
		article: func(s *site, _, _ string) string { return fmt.Sprintf("/show?p=%d&page=1", s.id()) }},
	{name: "dossiers like articles", wrong: true, section: plainSection, topic: topicPath, teaser: inHeading,
		extra: func(s *site) {
			for range 25 {
				title := s.headline(5, 8)
				inHeading(s, s.other("/focus/"+slug(title)+"-2026"), title)
			}
		},
		article: func(_ *site, title, section string) string { return "/" + section + "/" + slug(title) }},
	{name: "shop like articles", wrong: true, section: plainSection, topic: topicPath, teaser: card,
		extra: func(s *site) {
			for range 25 {
				title := s.headline(4, 7)
				card(s, s.other(fmt.Sprintf("/offers/%s-%d.html", slug(title), s.id())), title)
			}
		},
		article: func(s *site, title, section string) string {
			return fmt.Sprintf("/%s/%s-%d.html", section, slug(title), s.id())
		}},
}

// other notes a URL that is not an article.
func (s *site) other(href string) string {
	s.page.others[resolve(href)] = true
	return href
}
