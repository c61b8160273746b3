package replay

import (
	"cmp"
	"slices"
)

// maxSamples is the maximum number of samples of a field in a Summary.
const maxSamples = 5

// Summary counts the results of a run, with samples of the fields that differ.
type Summary struct {
	// Pages is the number of selected pages.
	Pages int `json:"pages"`
	// Statuses counts the pages by their results.
	Statuses map[Status]int `json:"statuses"`
	// Fields are the fields that differ, the main ones first, then the most frequent.
	Fields []FieldCount `json:"fields"`
}

// FieldCount counts the records in which a field differs.
type FieldCount struct {
	Field   string   `json:"field"`
	Records int      `json:"records"`
	Samples []Sample `json:"samples"`
}

// Sample is a field of a record that differs.
type Sample struct {
	URL    string `json:"url"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Add counts a result.
func (s *Summary) Add(r Result) {
	if s.Statuses == nil {
		s.Statuses = map[Status]int{}
	}
	s.Pages++
	s.Statuses[r.Status]++
	for _, d := range r.Differences {
		at := slices.IndexFunc(s.Fields, func(f FieldCount) bool { return f.Field == d.Field })
		if at < 0 {
			at = len(s.Fields)
			s.Fields = append(s.Fields, FieldCount{Field: d.Field})
		}
		f := &s.Fields[at]
		if f.Records++; len(f.Samples) < maxSamples {
			f.Samples = append(f.Samples, Sample{r.URL, d.Before, d.After})
		}
	}
}

// Sort orders the fields.
func (s *Summary) Sort() {
	rank := func(f FieldCount) int {
		if at := slices.Index(mainFields, f.Field); at >= 0 {
			return at
		}
		return len(mainFields)
	}
	slices.SortFunc(s.Fields, func(a, b FieldCount) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Records, a.Records), cmp.Compare(a.Field, b.Field))
	})
}

// Differing is the number of pages whose record differs from the stored one.
func (s *Summary) Differing() int {
	return s.Statuses[Differs] + s.Statuses[Accepted] + s.Statuses[Refused]
}
