package article

import "golang.org/x/net/html"

// element is an element of the page, in document order. Its descendants are
// the elements up to end.
type element struct {
	node   *html.Node
	parent int32
	end    int32
	hints  hint // its own
	within hint // its own and its ancestors', as far as they are believed
	good   float32
	score  float32
}

type runKind uint8

const (
	runText runKind = iota
	runImage
	runEmbed
)

// run is a stretch of text between two block boundaries, or a picture or embed
// that stands between them.
type run struct {
	kind    runKind
	elem    int32 // the innermost block element
	from    int32 // the text is tree.text[from:to]
	to      int32
	links   int32 // the links are tree.links[links:linksTo]
	linksTo int32
	letters int32 // ideographs count threefold
	linked  int32 // letters within links
	stops   int32 // sentence ends
	media   *html.Node
	weight  float32
	score   float32 // the classifier's log-odds, where scored
	scored  bool
	verdict verdict
}

// span is a link within tree.text.
type span struct {
	from, to int32
	href     string
}

// tree is a page laid out flat: elements and runs in document order, and the
// places where metadata stands. All later passes are scans over its slices.
type tree struct {
	elems []element
	runs  []run
	text  []byte
	links []span

	metas   []*html.Node
	canon   string
	ld      []string // the texts of JSON-LD scripts
	islands []string // data that a script is to render, and noscript elements
	body    *html.Node
	title   string
	htmlTag *html.Node
	base    string
	props   []int32 // elements with itemprop
	times   []int32 // time elements
	bylines []int32 // elements whose hints or links speak of an author
	crumbs  []int32
	scripts int // bytes of script
	frames  int
	// fromIsland says that the text was laid out from a data island.
	fromIsland bool
	against    hint // the hints that are believed to speak against a run
}

// textOf is the text of a run.
func (t *tree) textOf(r *run) string { return string(t.text[r.from:r.to]) }
