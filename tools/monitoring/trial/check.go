// Package trial tests dashboards and rules on a running system. It starts a Dateline
// under load with a Prometheus, or uses a Prometheus that is already running, and
// runs every query that a reader's browser would run.
package trial

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/dateline-news/dateline/tools/monitoring/grafana"
)

// Check returns the faults that the dashboards and the rules have on this Prometheus:
// errors, no data, only NaN, a variable without values, and a rule that is missing or
// cannot be evaluated.
func (s *Source) Check(ctx context.Context, all []grafana.Dashboard, rules []string) []error {
	var problems []error
	for _, d := range all {
		for _, v := range d.Templating.List {
			if err := s.checkVariable(ctx, v); err != nil {
				problems = append(problems, fmt.Errorf("%s, variable %s: %w", d.UID, v.Name, err))
			}
		}
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				series, err := s.Ask(ctx, d, target)
				if err == nil {
					if why := empty(series); why != "" {
						err = fmt.Errorf("%s: %s", why, target.Expr)
					}
				}
				if err != nil {
					problems = append(problems, fmt.Errorf("%s, panel %d (%s): %w", d.UID, p.ID, p.Title, err))
				}
			}
		}
	}
	return append(problems, s.checkRules(ctx, rules)...)
}

// checkVariable checks that a variable with a query has values.
func (s *Source) checkVariable(ctx context.Context, v grafana.Variable) error {
	if v.Type != "query" {
		return nil
	}
	selector, label, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(v.Definition, "label_values("), ")"), ", ")
	if !ok {
		return fmt.Errorf("%q is not label_values(selector, label)", v.Definition)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	values, _, _, err := s.api.LabelValues(ctx, label, []string{selector}, time.Now().Add(-s.Range), time.Now())
	if err != nil {
		return fmt.Errorf("querying %s: %w", v.Definition, err)
	}
	if len(values) == 0 {
		return fmt.Errorf("%s has no values", v.Definition)
	}
	return nil
}

// checkRules checks that the rules with these names exist and have been evaluated.
func (s *Source) checkRules(ctx context.Context, names []string) []error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := s.api.Rules(ctx, nil)
	if err != nil {
		return []error{fmt.Errorf("requesting the rules: %w", err)}
	}
	health := map[string]string{}
	for _, group := range answer.Groups {
		for _, rule := range group.Rules {
			var name, state, fault string
			switch rule := rule.(type) {
			case prometheus.AlertingRule:
				name, state, fault = rule.Name, string(rule.Health), rule.LastError
			case prometheus.RecordingRule:
				name, state, fault = rule.Name, string(rule.Health), rule.LastError
			}
			if health[name] == "" || state != "ok" {
				health[name] = strings.TrimSpace(state + " " + fault)
			}
		}
	}
	var problems []error
	for _, name := range names {
		if health[name] == "" {
			problems = append(problems, fmt.Errorf("rule %s is not loaded", name))
		} else if health[name] != "ok" {
			problems = append(problems, fmt.Errorf("rule %s: %s", name, health[name]))
		}
	}
	return problems
}

// Settle repeats Check until it finds nothing wrong, for at most patience, and then
// returns the remaining faults. Repeating is necessary because a series exists only
// after its first scrape, and a rate only after the second.
func (s *Source) Settle(ctx context.Context, all []grafana.Dashboard, rules []string, patience time.Duration) error {
	enough := time.After(patience)
	ticker := time.NewTicker(2 * time.Second)
	defer ticker.Stop()
	for {
		problems := s.Check(ctx, all, rules)
		if len(problems) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-enough:
			return fmt.Errorf("after %s:\n%w", patience, errors.Join(problems...))
		case <-ticker.C:
		}
	}
}

// Firing returns the labels of the alerts that fire now.
func (s *Source) Firing(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := s.api.Alerts(ctx)
	if err != nil {
		return nil, fmt.Errorf("requesting alerts: %w", err)
	}
	var firing []string
	for _, alert := range answer.Alerts {
		if alert.State == prometheus.AlertStateFiring {
			firing = append(firing, alert.Labels.String())
		}
	}
	return firing, nil
}
