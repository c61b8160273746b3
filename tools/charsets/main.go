// Command charsets measures how often the charset of a page is detected: the texts of a
// corpus are converted to the legacy charsets of their languages, without a declaration,
// and cut into samples with a certain number of bytes that are not ASCII.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/saintfish/chardet"
	wlynxg "github.com/wlynxg/chardet"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"

	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
)

// legacy has the legacy charsets of each language.
var legacy = map[string][]string{
	"ar": {"windows-1256", "iso-8859-6"}, "bg": {"windows-1251"}, "bs": {"windows-1250"},
	"cs": {"windows-1250", "iso-8859-2"}, "da": {"windows-1252"},
	"de": {"windows-1252", "macintosh"}, "el": {"windows-1253", "iso-8859-7"}, "en": {"windows-1252"},
	"es": {"windows-1252"}, "fa": {"windows-1256"}, "fi": {"windows-1252"},
	"fr": {"windows-1252", "iso-8859-15"}, "hu": {"windows-1250", "iso-8859-2"}, "is": {"windows-1252"},
	"it": {"windows-1252"}, "ja": {"shift_jis", "euc-jp", "iso-2022-jp"}, "ko": {"euc-kr"}, "lt": {"windows-1257"},
	"lv": {"windows-1257"}, "nl": {"windows-1252"}, "no": {"windows-1252"}, "pl": {"windows-1250", "iso-8859-2"},
	"pt": {"windows-1252"}, "ru": {"windows-1251", "koi8-r", "iso-8859-5", "ibm866"}, "sv": {"windows-1252"},
	"th": {"windows-874"}, "tr": {"windows-1254"}, "uk": {"windows-1251", "koi8-u"}, "zh": {"gb18030"},
}

// detectors return the text of a sample. The libraries get the sample only, Dateline a
// page with markup.
var detectors = []struct {
	name   string
	decode func(sample []byte) string
}{
	{"dateline", func(sample []byte) string { return page(sample, "text/html") }},
	{"saintfish/chardet", func(sample []byte) string {
		best, err := chardet.NewTextDetector().DetectBest(sample)
		if err != nil {
			return ""
		}
		return decoded(sample, strings.Replace(best.Charset, "GB-18030", "gb18030", 1))
	}},
	{"wlynxg/chardet", func(sample []byte) string { return decoded(sample, wlynxg.Detect(sample).Encoding) }},
}

// page returns the text of a page with a sample, as Dateline decodes it.
func page(sample []byte, contentType string) string {
	body := slices.Concat([]byte(markup), sample, []byte(strings.Repeat(markup, 20)))
	text, err := article.Decode(article.Page{Body: body, ContentType: contentType}, article.Options{})
	if err != nil {
		return ""
	}
	return string(text)
}

const (
	markup = `<div class="article-content main-column"><script>var settings = {"the": "value of the data"};</script>` +
		`<a href="/news/latest/stories" title="The latest news and the stories of the day"></a></div>`
	// perText is the maximum number of samples of a text.
	perText = 10
)

var lengths = []int{50, 200, 1000}

func main() {
	corpus := flag.String("corpus", "../../shared/corpus", "`folder` of the sets")
	wrong := flag.Bool("wrong", false, "print the samples that dateline decodes wrong")
	flag.Parse()
	if err := run(*corpus, *wrong); err != nil {
		fmt.Fprintln(os.Stderr, "charsets:", err)
		os.Exit(1)
	}
}

// row is a language in a charset.
type row struct{ language, label string }

// count is a number of samples, and of those that each detector decodes right.
type count struct {
	samples int
	right   [3]int
	// declared are the samples that Dateline decodes right if the page declares its
	// charset, and mislabelled those if it declares windows-1252.
	declared, mislabelled int
}

func run(corpus string, wrong bool) error {
	sets, err := filepath.Glob(filepath.Join(corpus, "*", "truth.jsonl"))
	if err != nil || len(sets) == 0 {
		return fmt.Errorf("no sets in %s: pass a folder with SET/truth.jsonl and SET/pages as -corpus", corpus)
	}
	counts := map[row]map[int]*count{}
	for _, set := range sets {
		texts, err := texts(filepath.Dir(set))
		if err != nil {
			return err
		}
		for _, t := range texts {
			for _, label := range legacy[t.language] {
				r := row{t.language, label}
				if counts[r] == nil {
					counts[r] = map[int]*count{}
				}
				for _, length := range lengths {
					if counts[r][length] == nil {
						counts[r][length] = &count{}
					}
					measure(counts[r][length], samples(t.text, label, length), label, wrong)
				}
			}
		}
	}
	printTable(counts)
	return nil
}

type languageText struct{ language, text string }

// texts returns the texts of a set whose language is known.
func texts(set string) ([]languageText, error) {
	lines, err := os.ReadFile(filepath.Join(set, "truth.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("reading truth: %w", err)
	}
	var all []languageText
	for line := range strings.Lines(string(lines)) {
		var t struct {
			ID, URL, Lang, Body string
			HTMLLang            string `json:"html_lang"`
		}
		if err := json.Unmarshal([]byte(line), &t); err != nil {
			return nil, fmt.Errorf("reading truth of %s: %w", set, err)
		}
		if t.Lang == "" {
			t.Lang = t.HTMLLang
		}
		language, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(t.Lang, "_", "-")), "-")
		if language == "nb" || language == "nn" {
			language = "no"
		}
		if legacy[language] == nil {
			continue
		}
		if t.Body == "" {
			if t.Body, err = extracted(set, t.ID, t.URL); err != nil {
				return nil, err
			}
		}
		all = append(all, languageText{language, t.Body})
	}
	return all, nil
}

// extracted returns the text of a page whose set has none. Not every page has one.
func extracted(set, id, url string) (string, error) {
	page, err := evaluation.ReadPage(set, id)
	if err != nil {
		return "", err
	}
	a, err := article.Extract(context.Background(), article.Page{URL: url, Body: page}, article.Options{})
	if failed := (*article.Error)(nil); errors.As(err, &failed) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return a.Text, nil
}

// samples cuts a text into pieces with a number of bytes that are not ASCII in a charset.
// In ISO-2022-JP, all bytes are ASCII and the whole text is one sample.
func samples(text, label string, length int) [][]byte {
	enc, _ := charset.Lookup(label)
	encoder := encoding.HTMLEscapeUnsupported(enc.NewEncoder())
	if label == "iso-2022-jp" {
		if b, err := encoder.String(text); err == nil && strings.Contains(b, "\x1b$") {
			return [][]byte{[]byte(b)}
		}
		return nil
	}
	var all [][]byte
	var sample []byte
	size := 0
	for _, r := range text {
		b, err := encoder.String(string(r))
		if err != nil {
			continue
		}
		sample = append(sample, b...)
		for i := range b {
			if b[i] >= utf8.RuneSelf {
				size++
			}
		}
		if size >= length {
			if all = append(all, sample); len(all) == perText {
				break
			}
			sample, size = nil, 0
		}
	}
	return all
}

func measure(c *count, samples [][]byte, label string, wrong bool) {
	for _, sample := range samples {
		want := decoded(sample, label)
		c.samples++
		if strings.Contains(page(sample, "text/html; charset="+label), want) {
			c.declared++
		}
		if strings.Contains(page(sample, "text/html; charset=windows-1252"), want) {
			c.mislabelled++
		}
		for i, d := range detectors {
			if strings.Contains(d.decode(sample), want) {
				c.right[i]++
			} else if i == 0 && wrong {
				got := d.decode(sample)
				got = got[len(markup) : len(got)-20*len(markup)]
				at := 0
				for at < min(len(got), len(want)) && got[at] == want[at] {
					at++
				}
				at = max(0, at-20)
				fmt.Printf("%s: %.200q\n\tinstead of %.200q\n", label, got[min(at, len(got)):], want[min(at, len(want)):])
			}
		}
	}
}

func decoded(sample []byte, label string) string {
	enc, _ := charset.Lookup(label)
	if enc == nil {
		return ""
	}
	text, err := enc.NewDecoder().Bytes(sample)
	if err != nil {
		return ""
	}
	return string(text)
}

// print prints, for each row and length, the number of samples and the shares of the
// detectors.
func printTable(counts map[row]map[int]*count) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprint(w, "| language\t| charset\t")
	for _, length := range lengths {
		fmt.Fprintf(w, "| %d bytes\t", length)
	}
	fmt.Fprintln(w, "|")
	fmt.Fprintf(w, "|%s\n", strings.Repeat("---\t|", 2+len(lengths)))
	total := map[int]*count{}
	for _, r := range slices.SortedFunc(maps.Keys(counts), func(a, b row) int {
		return strings.Compare(a.language+a.label, b.language+b.label)
	}) {
		if counts[r][lengths[0]].samples > 0 {
			printRow(w, r, counts[r])
		}
		for _, length := range lengths {
			if total[length] == nil {
				total[length] = &count{}
			}
			total[length].samples += counts[r][length].samples
			total[length].declared += counts[r][length].declared
			total[length].mislabelled += counts[r][length].mislabelled
			for i, right := range counts[r][length].right {
				total[length].right[i] += right
			}
		}
	}
	printRow(w, row{"all", ""}, total)
	w.Flush()
}

func printRow(w *tabwriter.Writer, r row, byLength map[int]*count) {
	fmt.Fprintf(w, "| %s\t| %s\t", r.language, r.label)
	for _, length := range lengths {
		c := byLength[length]
		if c.samples == 0 {
			fmt.Fprint(w, "|\t")
			continue
		}
		share := func(right int) float64 { return float64(right) / float64(c.samples) }
		fmt.Fprintf(w, "| %.3f, %.3f, %.3f; %.3f, %.3f of %d\t", share(c.right[0]), share(c.right[1]), share(c.right[2]),
			share(c.declared), share(c.mislabelled), c.samples)
	}
	fmt.Fprintln(w, "|")
}
