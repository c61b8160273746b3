package library

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// maxDiagnosed is the maximum number of sources of discovery whose endpoints explain the silence of
// a host.
const maxDiagnosed = 5

// endpointsOn returns the endpoints of the sources of discovery on a host, without those that read a
// robots.txt.
func (l *Library) endpointsOn(ctx context.Context, host string) ([]sources.Endpoint, error) {
	ids, err := l.Discovery().OnHost(ctx, host)
	if err != nil {
		return nil, err
	}
	var all []sources.Endpoint
	for _, id := range ids[:min(len(ids), maxDiagnosed)] {
		some, err := l.Discovery().Endpoints(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return slices.DeleteFunc(all, func(e sources.Endpoint) bool {
		return e.Purpose == datelinev1.Purpose_PURPOSE_ROBOTS
	}), nil
}

// refine explains a silence by the endpoints of discovery on the host, which may be none.
func (s silence) refine(cause outcome.Cause, evidence string, all []sources.Endpoint) (outcome.Cause, string) {
	if len(all) == 0 {
		return cause, evidence
	}
	works := func(e sources.Endpoint) bool { return e.State != sources.Retired && e.Reason == "" }
	barren := func(e sources.Endpoint) bool { return e.Articles == 0 }
	productive := slices.DeleteFunc(slices.Clone(all), barren)
	if len(productive) == 0 {
		productive = all
	}
	if cause == outcome.CauseNothingPublished && !slices.ContainsFunc(productive, works) {
		return s.noEndpoint(productive)
	}
	working := slices.DeleteFunc(slices.Clone(all), func(e sources.Endpoint) bool { return !works(e) })
	lists := lastNew(working, func(e sources.Endpoint) bool {
		return e.Purpose != datelinev1.Purpose_PURPOSE_LINKS && !barren(e)
	})
	home := lastNew(working, func(e sources.Endpoint) bool { return e.Hint == sources.HintHome })
	switch cause {
	case outcome.CauseNothingPublished, outcome.CauseDuplicates, outcome.CauseDrifted, outcome.CauseGone:
		if !lists.IsZero() && !lists.After(s.since) && home.After(s.since) {
			return outcome.CauseFeedFrozen, fmt.Sprintf("the feeds and sitemaps have listed nothing new since %s, but the home "+
				"page has at %s; %s", minute(lists), minute(home), evidence)
		}
	}
	last := lastNew(working, func(sources.Endpoint) bool { return true })
	number := plural(int64(len(working)), "endpoint")
	if !last.After(s.since) {
		return cause, fmt.Sprintf("%s; discovery reads %s, which list nothing new", evidence, number)
	}
	return cause, fmt.Sprintf("%s; discovery reads %s, and found an article at %s", evidence, number, minute(last))
}

// noEndpoint returns the cause of a silence if none of the endpoints works that used to bring
// articles.
func (s silence) noEndpoint(productive []sources.Endpoint) (outcome.Cause, string) {
	counts := tally{reasons: map[outcome.Cause]map[string]int64{outcome.CauseEndpointsGone: {}}}
	denied := 0
	for _, e := range productive {
		reason, _, _ := strings.Cut(e.Reason, ":")
		counts.reasons[outcome.CauseEndpointsGone][reason]++
		if reason == string(outcome.RobotsDenied) {
			denied++
		}
	}
	if denied == len(productive) {
		return outcome.CauseRobots, fmt.Sprintf("robots.txt denies all that brought articles: %s",
			plural(int64(denied), "endpoint"))
	}
	return outcome.CauseEndpointsGone, fmt.Sprintf("none of the %s that brought articles works (%s)",
		plural(int64(len(productive)), "endpoint"), counts.topReasons(outcome.CauseEndpointsGone))
}

// lastNew returns when one of some endpoints last listed a new article, or zero.
func lastNew(all []sources.Endpoint, some func(sources.Endpoint) bool) (last time.Time) {
	for _, e := range all {
		if some(e) && e.NewTime.After(last) {
			last = e.NewTime
		}
	}
	return last
}

// minute formats a time for the evidence.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
