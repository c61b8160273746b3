package extractor

import (
	"strings"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// header returns the value of the page's first header with a name in lower case.
func header(page *datelinev1.Page, name string) string {
	var values []string
	for _, h := range page.GetHeaders() {
		if h.GetName() == name {
			values = append(values, h.GetValue())
		}
	}
	return strings.Join(values, ", ")
}
