package decode_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/dateline-news/dateline/internal/decode"
)

const (
	polish = "Zażółć gęślą jaźń, powiedział burmistrz. Dzieci z Łodzi przyjechały wczoraj wieczorem, żeby obejrzeć " +
		"nową ścieżkę wzdłuż rzeki. Wójt gminy obiecał, że most będzie gotowy jeszcze przed świętami. "
	chinese = "市政府周三表示，老桥将关闭两个月进行维修。居民可以乘坐渡船过河，票价不变。学校的校车改走北面的公路。"
	french  = "Le maire a annoncé que le pont serait fermé pendant l’été. Les élèves prendront le bac, réparé à Noël. "
)

// misread returns a text as it looks after its bytes were read in a Western charset.
func misread(t *testing.T, original string, western *charmap.Charmap) string {
	t.Helper()
	out, err := western.NewDecoder().String(original)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func inCharset(t *testing.T, text string, e encoding.Encoding) string {
	t.Helper()
	out, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMisreadPagesAreRepaired(t *testing.T) {
	t.Parallel()
	gb := inCharset(t, strings.Repeat(chinese, 3), simplifiedchinese.GBK)
	for name, c := range map[string]struct{ page, want, charset string }{
		"utf-8 as latin-1":         {misread(t, strings.Repeat(polish, 3), charmap.ISO8859_1), polish, "utf-8"},
		"gb18030 as latin-9":       {misread(t, gb, charmap.ISO8859_15), chinese, "gb18030"},
		"gb18030, then utf-8":      {misread(t, misread(t, gb, charmap.ISO8859_15), charmap.ISO8859_1), chinese, "gb18030"},
		"french":                   {strings.Repeat(french, 6), french, "utf-8"},
		"polish":                   {strings.Repeat(polish, 3), polish, "utf-8"},
		"chinese":                  {strings.Repeat(chinese, 3), chinese, "utf-8"},
		"one quotation of garbage": {strings.Repeat(french, 6) + "“Ã©”", french, "utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, charset, broken := decode.Text([]byte("<p>"+c.page+"</p>"), "text/html; charset=utf-8")
			if !strings.HasPrefix(string(text), "<p>"+c.want) || charset != c.charset || broken {
				t.Errorf("got %s (broken: %v): %.120s\nwant %s: %s", charset, broken, text, c.charset, c.want)
			}
		})
	}
}
