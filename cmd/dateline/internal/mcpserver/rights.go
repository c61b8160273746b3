package mcpserver

import (
	"fmt"
	"slices"
	"strings"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// reservation returns why the text of a record must not be passed on to a language model,
// or "" if the site does not reserve it.
func reservation(record *datelinev1.Article) string {
	for _, signal := range record.GetRights() {
		if reserves(signal) {
			return fmt.Sprintf("the site reserves the text from use by language models: %s", statement(signal))
		}
	}
	return ""
}

// reserves reports whether a statement reserves the text: noai for robots, or a reservation
// of text and data mining (TDM Reservation Protocol, section 5). A statement for one named
// robot counts, too, because the model that reads the text may be that robot's.
func reserves(signal *datelinev1.RightsSignal) bool {
	value := strings.ToLower(signal.GetValue())
	switch signal.GetName() {
	case "x-robots-tag", "robots", "googlebot":
		words := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t,;:", r) })
		return slices.Contains(words, "noai")
	case "tdm-reservation":
		return slices.ContainsFunc(strings.Split(value, ","), func(one string) bool { return strings.TrimSpace(one) == "1" })
	}
	return false
}

// statement returns a statement of a site as text.
func statement(signal *datelinev1.RightsSignal) string {
	return line(signal.GetPlace()+" "+signal.GetName()+": "+signal.GetValue(), maxName)
}

// statements returns all statements of a record.
func statements(record *datelinev1.Article) []string {
	var all []string
	for _, signal := range record.GetRights()[:min(len(record.GetRights()), maxValues)] {
		all = append(all, statement(signal))
	}
	return all
}
