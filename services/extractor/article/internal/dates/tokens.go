package dates

import (
	_ "embed"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

// maxDigits is the maximum length of a run of digits that has a value.
const maxDigits = 14

// token is a run of digits, a run of letters, or one other character.
type token struct {
	text string // in lower case, with ASCII digits
	num  int    // the value of a run of digits, else -1
}

func number(n int) token { return token{text: strconv.Itoa(n), num: n} }

func (t token) is(s string) bool { return t.text == s }

// class is the class of a character.
type class int

const (
	other class = iota
	digit
	letter
)

// tokenize splits text into tokens. Spaces and format characters separate tokens and
// are dropped. Each ideograph is a token of its own.
func tokenize(text string) []token {
	toks := make([]token, 0, 24)
	var run strings.Builder
	inRun := other
	flush := func() {
		if run.Len() == 0 {
			return
		}
		t := token{text: run.String(), num: -1}
		if inRun == digit && run.Len() <= maxDigits {
			t.num = 0
			for _, c := range t.text {
				t.num = t.num*10 + int(c-'0')
			}
		}
		toks = append(toks, t)
		run.Reset()
		inRun = other
	}
	for _, r := range text {
		if r == '\u200d' { // the zero-width joiner is part of a word
			continue
		}
		kind := other
		switch {
		case r < utf8.RuneSelf && r >= '0' && r <= '9':
			kind = digit
		case unicode.IsDigit(r):
			kind, r = digit, digitOf(r)
		case unicode.IsLetter(r) || unicode.IsMark(r):
			kind, r = letter, unicode.ToLower(r)
		}
		if kind != inRun {
			flush()
		}
		switch {
		case kind != other:
			inRun = kind
			run.WriteRune(r)
			if r > 0x2E80 && r != '년' {
				flush()
			}
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			flush()
		default:
			toks = append(toks, token{text: foldMark(r), num: -1})
		}
	}
	flush()
	return readIdeographs(toks)
}

// foldMark returns the ASCII form of a full-width mark or a hyphen, and any other mark
// as it is.
func foldMark(r rune) string {
	switch {
	case r >= 0xFF01 && r <= 0xFF5E:
		r -= 0xFF01 - '!'
	case r == '‐' || r == '‑' || r == '–':
		r = '-'
	}
	return string(r)
}

// digitOf returns the ASCII form of a decimal digit of any script. The ten digits of a
// script are contiguous, so its zero is at most nine characters below.
func digitOf(r rune) rune {
	zero := r
	for zero > r-9 && unicode.IsDigit(zero-1) {
		zero--
	}
	return '0' + (r-zero)%10
}

//go:embed lists/date_fillers.txt
var fillerList string

// fillers are the tokens that can be between the parts of a date: marks, endings of
// ordinal numbers, and words for "of", "day", "month" and "year".
var fillers = wordlist.Set(fillerList)

// skip returns the first token from i on that is not a filler.
func skip(toks []token, i int) int {
	for i < len(toks) && fillers[toks[i].text] {
		i++
	}
	return i
}
