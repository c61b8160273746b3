package article

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// SiteRules are a user's knowledge of one site's pages: CSS selectors for fields
// that the general rules get wrong there. A field without a selector, or whose
// selector matches nothing on a page, is read as on any other page.
//
// The value of a field is the content attribute of a selected meta element, the
// datetime attribute of a selected time element, or the text of any other element.
type SiteRules struct {
	// Hosts are the hosts that the rules apply to, with their subdomains.
	Hosts []string `yaml:"hosts"`
	// Remove selects elements that are removed from the page before anything is
	// read.
	Remove string `yaml:"remove"`
	// Title, Kicker, Section, Summary, Published and Modified each select the
	// element with the field. The first match in the page counts.
	Title     string `yaml:"title"`
	Kicker    string `yaml:"kicker"`
	Section   string `yaml:"section"`
	Summary   string `yaml:"summary"`
	Published string `yaml:"published"`
	Modified  string `yaml:"modified"`
	// Authors selects an element for each author, or one with all names.
	Authors string `yaml:"authors"`
	// Body selects the elements with the text. All text in them is kept, except
	// headline, standfirst and captions.
	Body string `yaml:"body"`
}

func (s *SiteRules) selectors() map[page.Field]string {
	return map[page.Field]string{
		page.FieldRemove: s.Remove, page.FieldTitle: s.Title, page.FieldKicker: s.Kicker, page.FieldSection: s.Section,
		page.FieldSummary: s.Summary, page.FieldPublished: s.Published, page.FieldModified: s.Modified,
		page.FieldAuthors: s.Authors, page.FieldBody: s.Body,
	}
}

// Rules are the rules of any number of sites, ready for use. They do not change
// and are safe for concurrent use.
type Rules struct {
	sites map[string]*compiledRules // by host
}

// compiledRules are the rules of one site.
type compiledRules struct {
	sources   map[page.Field]string
	selectors page.Selectors
}

// NewRules prepares rules. The error names each invalid selector, and each host
// with two sets of rules.
func NewRules(sites ...SiteRules) (*Rules, error) {
	rules := &Rules{sites: make(map[string]*compiledRules)}
	var problems []error
	for i := range sites {
		s := &sites[i]
		if len(s.Hosts) == 0 {
			problems = append(problems, errors.New("rules without hosts: list the hosts that they apply to"))
		}
		compiled, err := compile(s)
		if err != nil {
			problems = append(problems, err)
		}
		for _, host := range s.Hosts {
			host = strings.ToLower(host)
			if rules.sites[host] != nil {
				problems = append(problems, fmt.Errorf("host %s has two sets of rules: merge them", host))
			}
			rules.sites[host] = compiled
		}
	}
	return rules, errors.Join(problems...)
}

func compile(s *SiteRules) (*compiledRules, error) {
	compiled := &compiledRules{sources: map[page.Field]string{}, selectors: page.Selectors{}}
	var problems []error
	for field, selector := range s.selectors() {
		if selector == "" {
			continue
		}
		if err := compiled.selectors.Set(field, selector); err != nil {
			hosts := strings.Join(s.Hosts, ", ")
			err = fmt.Errorf("%s of %s is not a CSS selector: %q: %w", field, hosts, selector, err)
			problems = append(problems, err)
			continue
		}
		compiled.sources[field] = selector
	}
	return compiled, errors.Join(problems...)
}

// maxRulesFile is the maximum size of a file of rules, in bytes.
const maxRulesFile = 1 << 20

// ReadRules reads the files *.yaml and *.yml of a folder. Each contains the rules
// of one site, or of several as documents separated by "---". An unknown field is
// an error.
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

// Selectors returns the CSS selectors of the rules, by host and by the name of the field.
func (r *Rules) Selectors() map[string]map[string]string {
	all := make(map[string]map[string]string)
	if r == nil {
		return all
	}
	for host, site := range r.sites {
		all[host] = make(map[string]string)
		for field, selector := range site.sources {
			all[host][string(field)] = selector
		}
	}
	return all
}

// of returns the rules for an address: those of its host, or of the closest parent
// domain that has rules. It returns nil if no domain has.
func (r *Rules) of(address string) *compiledRules {
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

// selectors returns the selectors for an address, or nil if no rules apply to it.
func (r *Rules) selectors(address string) page.Selectors {
	if site := r.of(address); site != nil {
		return site.selectors
	}
	return nil
}

// RuleMatch is what one selector of a site's rules finds on a page.
type RuleMatch struct {
	// Field is the name of the field in the file of rules.
	Field string `json:"field"`
	// Selector is the CSS selector.
	Selector string `json:"selector"`
	// Matches is the number of elements that the selector matches.
	Matches int `json:"matches"`
	// Value is the value of the first element, at most 200 bytes of it.
	Value string `json:"value"`
}

// maxMatchValue is the maximum length of RuleMatch.Value.
const maxMatchValue = 200

// Try returns what each selector of the rules for a page's address finds on the
// page, in the order of the fields' names. The error is that of Extract, or reports
// that there are no rules for the address.
func (r *Rules) Try(p Page, opts Options) ([]RuleMatch, error) {
	site := r.of(p.URL)
	if site == nil {
		return nil, fmt.Errorf("no rules for the host of %s: add the host to hosts", p.URL)
	}
	opts = opts.withDefaults()
	doc, err := decodePage(p, opts)
	if err != nil {
		return nil, err
	}
	src := page.Source{HTML: doc.text, URL: p.URL, Selectors: site.selectors, MaxNodes: opts.MaxNodes}
	laidOut, err := page.Parse(src)
	if err != nil {
		return nil, parseError(opts, err)
	}
	var matches []RuleMatch
	for field, selector := range site.sources {
		picked := laidOut.Picked[field]
		m := RuleMatch{Field: string(field), Selector: selector, Matches: len(picked)}
		if m.Matches > 0 {
			m.Value = norm.Prefix(page.Value(picked[0]), maxMatchValue)
		}
		matches = append(matches, m)
	}
	slices.SortFunc(matches, func(a, b RuleMatch) int { return strings.Compare(a.Field, b.Field) })
	return matches, nil
}
