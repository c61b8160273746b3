package library

import datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"

// ExtractedAgain states by which version and run a record was extracted again. It is empty if
// the record was extracted when its page was fetched.
func ExtractedAgain(record *datelinev1.Article) string {
	run := record.GetReplay().GetRun()
	if run == "" {
		return ""
	}
	return "extracted again by " + record.GetExtractorVersion() + ", run " + run
}
