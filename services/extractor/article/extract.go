package article

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"

	"github.com/dateline-news/dateline/services/extractor/article/internal/decode"
)

// wordsPerMinute is the reading speed that reading times are computed with.
const wordsPerMinute = 230

// Extract reads a page and returns its article. The error is an *Error that
// says why there is none, or the context's. It is safe for concurrent use, and
// a context that ends stops it between its passes.
func Extract(ctx context.Context, page Page, opts Options) (*Article, error) {
	r, err := open(ctx, page, opts)
	if err != nil {
		return nil, err
	}
	return r.read(ctx)
}

// open decodes and parses a page and lays it out.
func open(ctx context.Context, page Page, opts Options) (*reader, error) {
	opts = opts.withDefaults()
	text, charset, damaged, err := decodePage(page, opts)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("extracting %s: %w", page.URL, err)
	}
	doc, islands, err := parse(text, opts.MaxNodes, opts.Rules.of(page.URL) != nil)
	if err != nil {
		return nil, tooManyNodes(opts, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("extracting %s: %w", page.URL, err)
	}
	picked := opts.Rules.of(page.URL).pick(doc)
	r := &reader{picked: picked, tree: withIsland(doc, layOut(doc), islands, opts.MaxNodes), page: page, raw: text, now: page.FetchTime, out: &Article{
		Provenance: make(map[string]Provenance, 24), Charset: charset, Damaged: damaged, ExtractorVersion: Version,
	}}
	r.base, _ = url.Parse(page.URL)
	if b, err := url.Parse(r.tree.base); err == nil && r.tree.base != "" && r.base != nil {
		r.base = r.base.ResolveReference(b)
		r.base.Path, r.base.RawQuery = pathOf(page.URL), ""
	}
	return r, nil
}

func tooManyNodes(opts Options, err error) error {
	return &Error{Reason: ReasonTooLarge, Err: err, Message: fmt.Sprintf("the page has more than %d elements; raise MaxNodes if it is genuine", opts.MaxNodes)}
}

func pathOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Path
	}
	return ""
}

// Decode undoes a page's content encoding under the bounds of opts and returns
// its HTML in UTF-8. The error is an *Error.
func Decode(page Page, opts Options) ([]byte, error) {
	text, _, _, err := decodePage(page, opts.withDefaults())
	return text, err
}

func decodePage(page Page, opts Options) (text []byte, charset string, damaged bool, err error) {
	if len(page.Body) == 0 {
		return nil, "", false, &Error{Reason: ReasonEmpty, Message: "the page has no bytes; fetch it again"}
	}
	body, damaged, err := decode.Uncompress(page.Body, page.ContentEncoding, decode.Bounds{MaxBytes: opts.MaxDecodedBytes, MaxRatio: opts.MaxRatio})
	switch {
	case errors.Is(err, decode.ErrTooLarge):
		return nil, "", false, &Error{Reason: ReasonTooLarge, Err: err, Message: "the page exceeds its bounds; raise MaxDecodedBytes or MaxRatio if it is genuine"}
	case err != nil:
		return nil, "", false, &Error{Reason: ReasonBrokenEncoding, Err: err, Message: "the page could not be decompressed; fetch it again without compression"}
	}
	if kind := decode.Kind(body); kind != "" {
		return nil, "", false, &Error{Reason: ReasonNotHTML, Message: fmt.Sprintf("the bytes are %s, not HTML; only web pages hold articles", kind)}
	}
	text, charset, broken := decode.Text(body, page.ContentType)
	return text, charset, damaged || broken, nil
}

// read fills the article in: what metadata says, then the body, then what
// depends on the body.
func (r *reader) read(ctx context.Context) (*Article, error) {
	r.readFacts()
	r.readAddress()
	r.readSite()
	r.readTitle()
	r.obeyTitle()
	r.findTitleLine()

	r.weigh()
	articleBody := cmp.Or(r.ldLines("articleBody"), r.ldLines("text"))
	r.confirm(articleBody)
	r.believe(r.titleElem)
	r.readAuthors()
	r.readTimes()
	r.readSection()
	r.readTags()
	r.obeyFields()
	r.nameKinds()
	r.out.ReadingTimeMinutes = r.statedReadingTime()

	r.box = r.place()
	r.dropCaptions()
	title := fold(r.out.Title)
	var from, to int
	if r.picked.has(fieldBody) {
		from, to = r.obeyBody()
		r.readSummary(from, to)
		r.readLead(r.firstProse(from, to))
	} else {
		from, to = r.clean(r.box, title)
		r.readSummary(from, to)
		// Without the standfirst the text may begin further down.
		r.trimStart(from, to, title)
		r.readLead(r.firstProse(from, to))
		from, to = r.classify(ctx, from, to)
		r.dropPullQuotes(from, to)
		r.dropConsentNotices(from, to)
		r.dropLabelledLinks(from, to)
	}
	r.assemble(from, to)
	r.out.Text = joinText(r.out.Body)
	r.out.Kind = r.kind()
	if err := r.judgePage(from, to, articleBody); err != nil {
		return nil, err
	}
	r.finish()
	return r.out, nil
}

// judgePage says why the page holds no article, if it holds none. Text that
// only structured data holds becomes the body.
func (r *reader) judgePage(from, to int, articleBody string) error {
	letters, seen := runeCount(r.out.Text), 0
	if r.picked.has(fieldBody) && letters > 0 {
		r.set("body", FromRule, ruleConfidence)
		return nil
	}
	for i := range r.runs {
		seen += int(r.runs[i].letters)
	}
	if data := runeCount(articleBody); data > 2*letters && (data > islandLetters || letters < minArticleLetters) {
		r.out.Body = fromData(articleBody)
		r.out.Text = joinText(r.out.Body)
		letters = runeCount(r.out.Text)
		r.set("body", FromJSONLD, 0.6)
	} else if r.fromIsland {
		r.set("body", FromDataIsland, 0.8)
	} else {
		r.set("body", FromStructure, 0.87)
	}
	switch {
	case letters >= minArticleLetters && !r.listLike(from, to) && !(letters < namelessLetters && r.nameless()) && !(letters < 600 && r.blocked(seen)):
		return nil
	case r.listLike(from, to) && !r.blocked(seen):
		return &Error{Reason: ReasonNoArticle, Kind: KindList, Message: "the page lists articles and is none itself; follow its links"}
	case r.blocked(seen):
		return &Error{Reason: ReasonBlocked, Message: "a bot check, consent wall or refusal stands in the article's place; fetch later or with permission"}
	case r.frames > 0:
		return &Error{Reason: ReasonNeedsRendering, Message: "the page is a frameset; fetch the frame that holds the text"}
	case seen < shellText && (r.scripts > 200 || len(r.islands) > 0):
		return &Error{Reason: ReasonNeedsRendering, Message: "the page is a script's shell without text; fetch it with a browser"}
	case seen == 0:
		return &Error{Reason: ReasonEmpty, Message: "the page has no text; fetch it again"}
	case letters > 0 && r.declaresArticle() && r.out.Title != "":
		return nil
	}
	kind := KindOther
	switch {
	case r.kind() != KindArticle:
		kind = r.kind()
	case r.outline(0, len(r.runs)).teasers >= 2:
		kind = KindList
	}
	return &Error{Reason: ReasonNoArticle, Kind: kind, Message: "the page has no running text that could be an article"}
}

// finish fills in what follows from headline and text.
func (r *reader) finish() {
	r.finishImages()
	for i := range r.out.Body {
		if r.out.Body[i].Text != "" {
			if d := datelineOf(r.out.Body[i].Text); d != "" {
				r.out.Dateline = d
				r.set("dateline", FromText, 0.9)
			}
			break
		}
	}
	r.readLanguage()
	r.readAccess()
	r.readRights()
	r.out.WordCount = countWords(r.out.Text)
	if r.out.ReadingTimeMinutes > 0 {
		r.set("reading_time_minutes", FromStructure, 0.9)
	} else {
		r.out.ReadingTimeMinutes = max(1, (r.out.WordCount+wordsPerMinute-1)/wordsPerMinute)
		r.set("reading_time_minutes", FromText, 0.7)
	}
	sum := sha256.Sum256([]byte(fold(r.out.Title) + "\n" + fold(r.out.Text)))
	r.out.ContentHash = hex.EncodeToString(sum[:])
}
