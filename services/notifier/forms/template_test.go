package forms

import (
	"errors"
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	e := samples()[0]
	for text, want := range map[string]string{
		`{{.Title | upper}} {{date "2006" .Published}} {{join ", " .Authors}}`: `A "SAMPLE" ARTICLE 2026 A. Writer`,
		`{"title": {{json .Title}}}`:                                             `{"title": "A \"sample\" article"}`,
		`{{range $i, $t := .Tags}}{{if $i}}, {{end}}{{$t}}{{end}}`:               `sample`,
		`{{html "<b>"}} {{urlquery "a b"}} {{truncate 5 .Title}} {{line .Text}}`: `&lt;b&gt; a+b A " … A text of two lines.`,
		`{{.Labels.desk | default "no desk"}} {{print .Words " words"}}`:         `no desk 5 words`,
		`{{define "x"}}{{.Title | markdown}}{{end}}{{template "x" .}}`:           `A "sample" article`,
	} {
		m, err := Render(Template, text, e)
		if err != nil || string(m.Body) != want {
			t.Errorf("%s gives %q, %v; want %q", text, m.Body, err, want)
		}
		if isJSON := strings.HasPrefix(want, "{"); (m.ContentType == "application/json") != isJSON {
			t.Errorf("%s gives the type %s", text, m.ContentType)
		}
	}
}

// TestTemplatesAreBounded has templates that run without end, use memory without bound, or reach for more than an
// article.
func TestTemplatesAreBounded(t *testing.T) {
	twice := strings.Repeat(`{{$x = print $x $x}}`, 60)
	for text, want := range map[string]string{
		`{{range 1000000000000}}{{end}}`:                                           "steps",
		`{{range 100000}}{{range 100000}}x{{end}}{{end}}`:                          "steps",
		`{{define "x"}}{{template "x" .}}{{end}}{{template "x" .}}`:                "steps",
		`{{range 9}}{{else}}{{end}}{{with .}}{{range 20000}}{{end}}{{end}}`:        "steps",
		`{{if .}}{{range 20000}}{{continue}}{{end}}{{end}}`:                        "steps",
		`{{if ""}}{{else}}{{range 20000}}{{end}}{{end}}`:                           "steps",
		`{{with ""}}{{else}}{{range 20000}}{{end}}{{end}}`:                         "steps",
		`{{range .Labels}}{{else}}{{range 20000}}{{end}}{{end}}`:                   "steps",
		`{{$x := .Text}}` + twice:                                                  "process more than",
		`{{$x := .Text}}{{range 9000}}{{$x = print $x $x}}{{end}}`:                 "process more than",
		`{{range 9000}}` + strings.Repeat("x", 500) + `{{end}}`:                    "writes more than",
		`{{printf "%1000000d" 1}}`:                                                 "no function printf",
		`{{js .Title}}`:                                                            "no function js",
		`{{call .Title}}`:                                                          "no function call",
		`{{env "HOME"}}`:                                                           `"env" not defined`,
		`{{.Article}}`:                                                             "can't evaluate field Article",
		`{{.Title`:                                                                 "unclosed action",
		`{{index .Tags 0}}`:                                                        "index out of range", // one without tags
		strings.Repeat("x", maxTemplate+1):                                         "more than 32768 bytes",
		`{{range 9999}}{{$a := print $.Text $.Text $.Text}}{{$a = json $}}{{end}}`: "",
	} {
		err := Check(Template, text)
		if err == nil && want != "" || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want an error with %q", text, err, want)
		}
	}
	if _, err := Render(Template, `{{range 100000}}{{end}}`, samples()[0]); !errors.Is(err, ErrTemplate) {
		t.Errorf("got %v, want ErrTemplate", err)
	}
}

func TestCheck(t *testing.T) {
	for _, form := range append(messages(), "", CSV) {
		if err := Check(form, ""); err != nil {
			t.Errorf("%q: %v", form, err)
		}
	}
	for _, bad := range [][2]string{{"fax", ""}, {Template, ""}, {Slack, "{{.Title}}"}} {
		if Check(bad[0], bad[1]) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
