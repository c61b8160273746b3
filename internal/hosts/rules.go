package hosts

import "strings"

// Rules are the rules for sites that the extractors follow: by host, the CSS selector of each
// field. They also apply to the subdomains of the host. They are stored in
// subject.BucketDrift with the key subject.DriftRules.
type Rules map[string]map[string]string

// Of returns the rules for a host: its own, or those of the closest parent domain that has
// rules. site is the host that they were written for, or empty if no rules apply.
func (r Rules) Of(host string) (site string, selectors map[string]string) {
	for name := strings.ToLower(host); name != ""; _, name, _ = strings.Cut(name, ".") {
		if selectors, ok := r[name]; ok {
			return name, selectors
		}
	}
	return "", nil
}
