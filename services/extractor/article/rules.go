package article

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
	"gopkg.in/yaml.v3"
)

// SiteRules are what a user knows of one site's pages: CSS selectors for fields
// that the general rules get wrong there. A field without a selector, or whose
// selector matches nothing on a page, is read as on any other page.
//
// A field's value is the content attribute of a selected meta element, the
// datetime attribute of a time element, else the element's text.
type SiteRules struct {
	// Hosts are the hosts that the rules are for; each stands for its
	// subdomains as well.
	Hosts []string `yaml:"hosts"`
	// Remove selects what is taken off the page before anything is read.
	Remove string `yaml:"remove"`
	// Title, Kicker, Section, Summary, Published and Modified each select the
	// element that holds the field; the first in the page counts.
	Title     string `yaml:"title"`
	Kicker    string `yaml:"kicker"`
	Section   string `yaml:"section"`
	Summary   string `yaml:"summary"`
	Published string `yaml:"published"`
	Modified  string `yaml:"modified"`
	// Authors selects an element for each author, or one with all names.
	Authors string `yaml:"authors"`
	// Body selects the elements that hold the text. All text in them is kept,
	// save headline, standfirst and captions.
	Body string `yaml:"body"`
}

// ruleField is a field that rules can choose, by the name it has in their file.
type ruleField string

const (
	fieldRemove    ruleField = "remove"
	fieldTitle     ruleField = "title"
	fieldKicker    ruleField = "kicker"
	fieldSection   ruleField = "section"
	fieldSummary   ruleField = "summary"
	fieldPublished ruleField = "published"
	fieldModified  ruleField = "modified"
	fieldAuthors   ruleField = "authors"
	fieldBody      ruleField = "body"
)

func (s *SiteRules) selectors() map[ruleField]string {
	return map[ruleField]string{
		fieldRemove: s.Remove, fieldTitle: s.Title, fieldKicker: s.Kicker, fieldSection: s.Section, fieldSummary: s.Summary,
		fieldPublished: s.Published, fieldModified: s.Modified, fieldAuthors: s.Authors, fieldBody: s.Body,
	}
}

// Rules are the rules of any number of sites, ready for use. They do not change
// and may be used by any number of goroutines.
type Rules struct {
	sites map[string]*siteRules // by host
}

type siteRules struct {
	selectors map[ruleField]string
	matchers  map[ruleField]goquery.Matcher
}

// NewRules prepares rules. The error names each selector that is broken, and
// each host that has two sets of rules.
func NewRules(sites ...SiteRules) (*Rules, error) {
	rules := &Rules{sites: make(map[string]*siteRules)}
	var problems []error
	for i := range sites {
		s := &sites[i]
		compiled := &siteRules{selectors: map[ruleField]string{}, matchers: map[ruleField]goquery.Matcher{}}
		if len(s.Hosts) == 0 {
			problems = append(problems, errors.New("rules without hosts: name the hosts that they are for"))
		}
		for field, selector := range s.selectors() {
			if selector == "" {
				continue
			}
			m, err := cascadia.Compile(selector)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s of %s is no CSS selector: %q: %w", field, strings.Join(s.Hosts, ", "), selector, err))
				continue
			}
			compiled.selectors[field], compiled.matchers[field] = selector, m
		}
		for _, host := range s.Hosts {
			host = strings.ToLower(host)
			if rules.sites[host] != nil {
				problems = append(problems, fmt.Errorf("host %s has two sets of rules: join them", host))
			}
			rules.sites[host] = compiled
		}
	}
	return rules, errors.Join(problems...)
}

// maxRulesFile bounds a file of rules, in bytes.
const maxRulesFile = 1 << 20

// ReadRules reads the files *.yaml and *.yml of a folder: in each, the rules of
// one site, or of several as documents parted by "---". A field that is not
// known is an error.
func ReadRules(folder fs.FS) (*Rules, error) {
	var sites []SiteRules
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		names, err := fs.Glob(folder, pattern)
		if err != nil {
			return nil, fmt.Errorf("listing rules: %w", err)
		}
		for _, name := range names {
			read, err := readRulesFile(folder, name)
			if err != nil {
				return nil, fmt.Errorf("reading rules from %s: %w", name, err)
			}
			sites = append(sites, read...)
		}
	}
	return NewRules(sites...)
}

func readRulesFile(folder fs.FS, name string) (sites []SiteRules, err error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	decoder := yaml.NewDecoder(io.LimitReader(file, maxRulesFile))
	decoder.KnownFields(true)
	for {
		var s SiteRules
		if err := decoder.Decode(&s); errors.Is(err, io.EOF) {
			return sites, nil
		} else if err != nil {
			return nil, err
		}
		sites = append(sites, s)
	}
}

// of are the rules for an address: those of its host, or of the closest domain
// above it that has any. Nil where there are none.
func (r *Rules) of(address string) *siteRules {
	if r == nil {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	for host := strings.ToLower(u.Hostname()); host != ""; _, host, _ = strings.Cut(host, ".") {
		if s := r.sites[host]; s != nil {
			return s
		}
	}
	return nil
}

// picked are the elements of a page that rules select for each field.
type picked map[ruleField][]*html.Node

func (p picked) has(field ruleField) bool { return len(p[field]) > 0 }

// pick selects the fields' elements, and removes what is to be removed.
func (s *siteRules) pick(doc *html.Node) picked {
	if s == nil {
		return nil
	}
	page := goquery.NewDocumentFromNode(doc)
	p := picked{}
	if m := s.matchers[fieldRemove]; m != nil {
		removed := page.FindMatcher(m)
		p[fieldRemove] = removed.Nodes
		removed.Remove()
	}
	for field, m := range s.matchers {
		if field != fieldRemove {
			p[field] = page.FindMatcher(m).Nodes
		}
	}
	return p
}

// maxRuleText bounds the text of a field that a rule selects, in bytes.
const maxRuleText = 2000

// text is the value of the first element that is picked for a field.
func (p picked) text(field ruleField) (string, *html.Node) {
	for _, n := range p[field] {
		if v := propValue(n); v != "" && len(v) <= maxRuleText {
			return v, n
		}
	}
	return "", nil
}

// ruleConfidence is for values that a site's rules choose: they were tried on
// pages of the site, and the site may have changed since.
const ruleConfidence = 0.97

// obeyTitle, obeyFields and obeyBody put what rules select in the place of what
// was read.
func (r *reader) obeyTitle() {
	if v, n := r.picked.text(fieldTitle); v != "" {
		r.out.Title = v
		r.titleElem = max(0, r.elemOf(n))
		r.set("title", FromRule, ruleConfidence)
	}
}

func (r *reader) obeyFields() {
	for field, to := range map[ruleField]*string{fieldKicker: &r.out.Kicker, fieldSection: &r.out.Section} {
		if v, _ := r.picked.text(field); v != "" {
			*to = v
			r.set(string(field), FromRule, ruleConfidence)
		}
	}
	for field, to := range map[ruleField]**Timestamp{fieldPublished: &r.out.Published, fieldModified: &r.out.Modified} {
		v, _ := r.picked.text(field)
		if ts := r.parse(v); ts != nil {
			*to = ts
			r.set(string(field), FromRule, ruleConfidence)
		}
	}
	var authors []Author
	for _, n := range r.picked[fieldAuthors] {
		if len(authors) < maxAuthors {
			authors = r.addNames(authors, propValue(n), attr(n, "href"))
		}
	}
	if len(authors) > 0 {
		r.out.Authors = authors
		r.set("authors", FromRule, ruleConfidence)
	}
}

// obeyBody keeps the text in the picked elements, and returns its range.
func (r *reader) obeyBody() (from, to int) {
	from, to = len(r.runs), 0
	for _, n := range r.picked[fieldBody] {
		elem := r.elemOf(n)
		if elem < 0 {
			continue
		}
		first, behind := r.runsOf(elem)
		from, to = min(from, first), max(to, behind)
		for i := first; i < behind; i++ {
			run := &r.runs[i]
			if run.verdict == undecided && run.elem >= elem && run.elem < r.elems[elem].end {
				run.verdict = kept
			}
		}
	}
	r.box = 0
	title := fold(r.out.Title)
	for i := from; i < to; i++ {
		if run := &r.runs[i]; run.kind == runText && run.verdict == kept && run.letters < 400 && fold(r.textOf(run)) == title {
			run.verdict = dropStated
		}
	}
	return min(from, to), to
}

func (r *reader) elemOf(n *html.Node) int32 {
	return int32(slices.IndexFunc(r.elems, func(e element) bool { return e.node == n }))
}

// RuleMatch is what one selector of a site's rules finds on a page.
type RuleMatch struct {
	// Field is the field's name in the file of rules.
	Field string `json:"field"`
	// Selector is the CSS selector.
	Selector string `json:"selector"`
	// Matches is how many elements it selects.
	Matches int `json:"matches"`
	// Value is the first element's value, at most 200 bytes of it.
	Value string `json:"value"`
}

// Try says what each selector of the rules for a page's address finds on it, in
// the order of the fields' names. The error is Extract's, or says that there are
// no rules for the address.
func (r *Rules) Try(page Page, opts Options) ([]RuleMatch, error) {
	site := r.of(page.URL)
	if site == nil {
		return nil, fmt.Errorf("there are no rules for the host of %s: add it to hosts", page.URL)
	}
	opts = opts.withDefaults()
	text, _, _, err := decodePage(page, opts)
	if err != nil {
		return nil, err
	}
	doc, _, err := parse(text, opts.MaxNodes, true)
	if err != nil {
		return nil, tooManyNodes(opts, err)
	}
	found := site.pick(doc)
	var matches []RuleMatch
	for field, selector := range site.selectors {
		m := RuleMatch{Field: string(field), Selector: selector, Matches: len(found[field])}
		if m.Matches > 0 {
			m.Value = strings.ToValidUTF8(cutBytes(propValue(found[field][0]), 200), "")
		}
		matches = append(matches, m)
	}
	slices.SortFunc(matches, func(a, b RuleMatch) int { return strings.Compare(a.Field, b.Field) })
	return matches, nil
}

func cutBytes(s string, n int) string { return s[:min(len(s), n)] }
