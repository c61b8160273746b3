package article

import (
	"errors"
	"fmt"

	"github.com/dateline-news/dateline/internal/decode"
)

// Decode undoes a page's content encoding under the bounds of opts and returns its
// HTML in UTF-8. The error is an *Error.
func Decode(p Page, opts Options) ([]byte, error) {
	doc, err := decodePage(p, opts.withDefaults())
	return doc.text, err
}

// decoded is a page without content and character encoding.
type decoded struct {
	text    []byte // in UTF-8
	charset string
	damaged bool // bytes were missing or invalid
}

func decodePage(p Page, opts Options) (decoded, error) {
	if len(p.Body) == 0 {
		return decoded{}, &Error{Reason: ReasonEmpty, Message: "the body is empty; fetch the page again"}
	}
	bounds := decode.Bounds{MaxBytes: opts.MaxDecodedBytes, MaxRatio: opts.MaxRatio}
	raw, damaged, err := decode.Uncompress(p.Body, p.ContentEncoding, bounds)
	switch {
	case errors.Is(err, decode.ErrTooLarge):
		return decoded{}, &Error{
			Reason: ReasonTooLarge, Err: err,
			Message: "the decompressed page is too large; raise MaxDecodedBytes or MaxRatio if the page is genuine",
		}
	case err != nil:
		return decoded{}, &Error{
			Reason: ReasonBrokenEncoding, Err: err,
			Message: "the page could not be decompressed; fetch it again without compression",
		}
	}
	if kind := decode.Kind(raw); kind != "" {
		return decoded{}, &Error{
			Reason:  ReasonNotHTML,
			Message: fmt.Sprintf("the body is %s, not HTML; only web pages can be extracted", kind),
		}
	}
	text, charset, broken := decode.Text(raw, p.ContentType)
	return decoded{text: text, charset: charset, damaged: damaged || broken}, nil
}
