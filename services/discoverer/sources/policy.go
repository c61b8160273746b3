package sources

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Policy is what an operator has decided about a source. The zero value takes every article.
type Policy struct {
	// Include and Exclude are patterns of paths, in which * stands for any characters. If
	// there are patterns to include, an article must match one. It must match none to exclude.
	Include []string `json:"include,omitempty" maxItems:"50" doc:"Patterns of paths, in which * stands for any characters. An article must match one of them."`
	Exclude []string `json:"exclude,omitempty" maxItems:"50" doc:"Patterns of paths, in which * stands for any characters. An article must match none of them."`
	// Languages are those of the articles to take, such as "en". An article whose listing
	// states no language is taken.
	Languages []string `json:"languages,omitempty" maxItems:"50" doc:"Languages of the articles to take, such as en. An article whose listing states no language is taken."`
	// ArticlesPerDay is the maximum number of articles in 24 hours. 0 means the setting.
	ArticlesPerDay int `json:"articles_per_day,omitempty" minimum:"0" doc:"Maximum number of articles in 24 hours. 0 means discoverer.articles-per-day."`
	// PollsPerDay is the maximum number of requests in 24 hours. 0 means the setting. At most a
	// third of them visit known articles again, so a limit of 1 or 2 allows no visits.
	PollsPerDay int `json:"polls_per_day,omitempty" minimum:"0" doc:"Maximum number of requests in 24 hours, other than the first for an article. 0 means discoverer.polls-per-day, which grows with the articles. Below 3, its articles are not visited again."`
	// NoRevisits means that its articles are not visited again.
	NoRevisits bool `json:"no_revisits,omitempty" doc:"Whether not to visit its articles again for corrections."`
}

// IsZero reports whether a policy takes every article and has the usual limits.
func (p Policy) IsZero() bool { return reflect.DeepEqual(p, Policy{}) }

// The bounds of a policy.
const (
	maxPatterns = 50
	maxPattern  = 200 // bytes
)

// Validate returns an error that lists everything that is wrong with a policy.
func (p Policy) Validate() error {
	var problems []error
	for _, field := range []struct {
		name string
		list []string
	}{{"include", p.Include}, {"exclude", p.Exclude}, {"languages", p.Languages}} {
		name, list := field.name, field.list
		if len(list) > maxPatterns {
			problems = append(problems, fmt.Errorf("%s has %d values: at most %d are possible", name, len(list), maxPatterns))
		}
		for _, value := range list {
			if value == "" || len(value) > maxPattern {
				problems = append(problems, fmt.Errorf("%s: %.200q is empty or longer than %d bytes", name, value, maxPattern))
			}
			if name != "languages" && !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "*") {
				problems = append(problems, fmt.Errorf("%s: %.200q must start with / or *", name, value))
			}
		}
	}
	if p.ArticlesPerDay < 0 || p.PollsPerDay < 0 {
		problems = append(problems, errors.New("the numbers of articles and requests must not be negative"))
	}
	return errors.Join(problems...)
}

// Takes reports whether a policy takes an article whose listing states a language, or "". A
// pattern can have the letters of any script as they are, or in percent-encoded form.
func (p Policy) Takes(article weburl.URL, language string) bool {
	path, _, _ := strings.Cut(article.PathQuery(), "?")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		decoded = path
	}
	matches := func(pattern string) bool { return matchPath(pattern, path) || matchPath(pattern, decoded) }
	base := baseLanguage(language)
	switch {
	case len(p.Include) > 0 && !slices.ContainsFunc(p.Include, matches):
		return false
	case slices.ContainsFunc(p.Exclude, matches):
		return false
	case base != "" && len(p.Languages) > 0 && !slices.ContainsFunc(p.Languages, func(wanted string) bool {
		return baseLanguage(wanted) == base
	}):
		return false
	}
	return true
}

// baseLanguage returns the language of a tag without region and script: "en" for en-GB, and
// for en_US, which many feeds state.
func baseLanguage(tag string) string {
	tag = strings.ToLower(strings.TrimSpace(tag))
	if end := strings.IndexAny(tag, "-_"); end >= 0 {
		tag = tag[:end]
	}
	return tag
}

// matchPath reports whether a path matches a pattern in which * stands for any characters.
func matchPath(pattern, path string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(path, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, last)
}

// PollsIn24Hours returns the maximum number of requests of the source: that of its policy, or else
// schedule.PerDay of the usual number and the articles that it has brought.
func (s Source) PollsIn24Hours(usual int, now time.Time) int {
	if s.Policy.PollsPerDay > 0 {
		return s.Policy.PollsPerDay
	}
	return schedule.PerDay(usual, s.Taken.Used(now))
}

// ArticlesIn24Hours returns the maximum number of articles of the source: that of its policy, or else
// the usual number.
func (s Source) ArticlesIn24Hours(usual int) int { return cmp.Or(s.Policy.ArticlesPerDay, usual) }

// BackfillIn24Hours returns the maximum number of requests of a backfill of the source: usual, or
// the maximum number of articles that its policy has, if that is lower.
func (s Source) BackfillIn24Hours(usual int) int {
	if limit := s.Policy.ArticlesPerDay; limit > 0 {
		return min(limit, usual)
	}
	return usual
}

// ErrPolicy means that a source cannot have a policy. The message says why.
var ErrPolicy = errors.New("the source cannot have this policy")

// SetPolicy replaces the policy of a source.
func (s *Sources) SetPolicy(ctx context.Context, id string, policy Policy) error {
	if err := policy.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	id = store.CleanText(id)
	return s.write(ctx, "changing source "+id, func(ctx context.Context, tx *sql.Tx) error {
		return setPolicy(ctx, tx, id, policy)
	})
}

func setPolicy(ctx context.Context, tx *sql.Tx, id string, policy Policy) error {
	text, err := json.Marshal(policy)
	if err != nil {
		return fmt.Errorf("encoding the policy: %w", err)
	}
	// The next poll decides by the new budget.
	return affected(tx.ExecContext(ctx, `UPDATE discovery_sources SET policy = $2, open_time = 0 WHERE id = $1`,
		id, string(text)))
}
