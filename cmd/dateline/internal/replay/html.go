package replay

import (
	"fmt"
	"html/template"
	"io"
)

// page is the report. It needs no other file, and runs no script.
var page = template.Must(template.New("report").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Pages extracted again</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: 1.5rem; }
th, td { border: 1px solid #bbb; padding: .3rem .6rem; text-align: left; vertical-align: top; }
td.value { width: 50%; white-space: pre-wrap; overflow-wrap: anywhere; }
caption { text-align: left; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Pages extracted again with version {{.Version}}</h1>
<p>{{.Summary.Pages}} pages were extracted; the records of {{.Summary.Differing}} differ.</p>
<table>
<tr><th>Result</th><th>Pages</th></tr>
{{range $status, $n := .Summary.Statuses}}<tr><td>{{$status}}</td><td>{{$n}}</td></tr>
{{end}}</table>
{{range .Summary.Fields}}<h2>{{.Field}}: {{.Records}}</h2>
{{range .Samples}}<table>
<caption>{{.URL}}</caption>
<tr><th>Before</th><th>After</th></tr>
<tr><td class="value">{{.Before}}</td><td class="value">{{.After}}</td></tr>
</table>
{{end}}{{end}}</body>
</html>
`))

// WriteHTML writes a report on a run with a version of the extractor as a page of its own.
func WriteHTML(w io.Writer, summary Summary, version string) error {
	err := page.Execute(w, struct {
		Summary *Summary
		Version string
	}{&summary, version})
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
