package newsroom

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed articles layouts story languages.json
var files embed.FS

// press contains all articles and the layouts of the papers. Only the events of the
// story change it, between two requests.
type press struct {
	mu        sync.RWMutex
	articles  map[string][]*Article // by paper, newest first
	languages map[string]*language
	layouts   map[string]*template.Template // by paper, "print" and "redesigned"
	// redesigned and down are the papers that have a new design, and those that answer
	// with errors.
	redesigned, down map[string]bool
}

// load reads the embedded files. An error means that one of them is invalid, which the
// tests of this package would have noticed.
func load() (*press, error) {
	p := &press{
		articles: make(map[string][]*Article), layouts: make(map[string]*template.Template),
		redesigned: make(map[string]bool), down: make(map[string]bool),
	}
	if err := readJSON("languages.json", &p.languages); err != nil {
		return nil, err
	}
	for _, paper := range papers {
		articles, err := readArticles(paper)
		if err != nil {
			return nil, err
		}
		p.articles[paper.Name] = articles
		for _, a := range articles {
			if p.languages[a.Lang] == nil {
				return nil, fmt.Errorf("article %s: languages.json has no %q", a.Slug, a.Lang)
			}
		}
	}
	for _, name := range []string{"ledger", "valmere", "meridian", "gazette", "wadi", "print", "redesigned"} {
		layout, err := template.New(name).Funcs(functions).ParseFS(files, "layouts/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parsing the layout %s: %w", name, err)
		}
		p.layouts[name] = layout
	}
	return p, nil
}

func readJSON(name string, into any) error {
	data, err := files.ReadFile(name)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}

func readArticles(paper Paper) ([]*Article, error) {
	folder := path.Join("articles", paper.Name)
	entries, err := files.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", folder, err)
	}
	var articles []*Article
	for _, entry := range entries {
		source, err := files.ReadFile(path.Join(folder, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", entry.Name(), err)
		}
		a, err := parseArticle(paper, strings.TrimSuffix(entry.Name(), ".txt"), string(source))
		if err != nil {
			return nil, fmt.Errorf("article %s/%s: %w", folder, entry.Name(), err)
		}
		articles = append(articles, a)
	}
	slices.SortStableFunc(articles, func(a, b *Article) int { return b.Published.Compare(a.Published) })
	return articles, nil
}

// find returns the article with a slug, or nil. The tests ensure that the slugs named in
// this package exist.
func (p *press) find(slug string) *Article {
	for _, articles := range p.articles {
		for _, a := range articles {
			if a.Slug == slug {
				return a
			}
		}
	}
	return nil
}

// sections returns the names of a paper's sections, ordered by their newest articles.
func (p *press) sections(paper Paper) []string {
	var names []string
	for _, a := range p.articles[paper.Name] {
		if !a.Hidden() && !slices.Contains(names, a.Section) {
			names = append(names, a.Section)
		}
	}
	return names
}
