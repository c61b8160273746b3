package article

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"golang.org/x/net/html"
)

func TestDebug(t *testing.T) {
	f := os.Getenv("DBG")
	if f == "" {
		t.Skip()
	}
	b, _ := os.ReadFile(f)
	doc, err := html.Parse(bytes.NewReader(b))
	fmt.Println("parse", err)
	tr := layOut(doc)
	fmt.Println(len(tr.elems), len(tr.runs), len(tr.text), tr.title)
	a, err := Extract(t.Context(), Page{Body: b, URL: os.Getenv("DBGURL")}, Options{})
	fmt.Println(err)
	if a != nil {
		fmt.Printf("%q %v %v\n", a.Title, a.Authors, a.Published)
	}
	r := &reader{tree: layOut(doc), page: Page{}, out: &Article{Provenance: map[string]Provenance{}}}
	r.readFacts()
	r.readTitle()
	r.weigh()
	r.confirm(r.ldText("articleBody"))
	r.believe(r.titleElem)
	r.box = r.container()
	fmt.Println("box", r.box, r.elems[r.box].node.Data, r.elems[r.box].node.Attr, r.elems[r.box].score)
	r.clean(r.box, known{title: fold(r.out.Title)})
	for i := range r.runs {
		x := &r.runs[i]
		s := r.textOf(x)
		if len(s) > 90 {
			s = s[:90]
		}
		fmt.Printf("%d e%d %s v%d w%.0f h%b l%d/%d %q\n", i, x.elem, r.elems[x.elem].node.Data, x.verdict, x.weight, r.elems[x.elem].within, x.letters, x.linked, s)
	}
}
