package library

import (
	"regexp"
	"strings"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// maxCorrection is the maximum length of a correction note in bytes. A longer
// paragraph is body text.
const maxCorrection = 1500

// correctionStart matches the start of a correction note in the supported
// languages: a word such as "correction" followed by a colon, a dash or a date,
// or a sentence that states that the text was corrected.
var correctionStart = regexp.MustCompile(`(?i)^\W*(?:` + strings.Join([]string{
	`(?:corrections?|clarifications?|erratum|editor[’']s note)\b[^:–—-]{0,40}[:–—-]`,
	`this (?:article|story|report|piece|post|page|headline|version)[^.]{0,80}\b` +
		`(?:was|has been|were) (?:amended|corrected|clarified)`,
	`an earlier version of this (?:article|story|report|piece|headline)`,
	`(?:korrektur|berichtigung|richtigstellung|anm(?:erkung|\.) d(?:er|\.) red(?:aktion|\.))[^:–—-]{0,40}[:–—-]`,
	`in einer früheren (?:version|fassung) (?:dieses|des) (?:artikels|textes|beitrags)`,
	`(?:rectificatif|correctif|précision)[^:–—-]{0,40}[:–—-]`,
	`une (?:première|précédente) version de cet article`,
	`(?:corrección|rectificación|fe de erratas|correzione|rettifica|correção|rectificatie|rettelse|rättelse)` +
		`[^:–—-]{0,40}[:–—-]`,
	`(?:düzeltme|исправление|уточнение)[^:–—-]{0,40}[:–—-]`,
	`(?:تصحيح|تصويب|اصلاحیه|تصحیح|ڕاستکردنەوە)[^:–—-]{0,40}[:–—-]`,
	`(?:更正|訂正|勘误|勘誤)\s*[：:、]`,
}, `|`) + `)`)

// Correction returns the paragraph in which a page states that it was
// corrected, or "" if there is none. Only the first and last paragraphs of the
// text are examined.
func Correction(article *datelinev1.Article) string {
	paragraphs := strings.Split(article.GetText(), "\n\n")
	const atHead, atFoot = 3, 4 // how many paragraphs are examined
	for i, paragraph := range paragraphs {
		if i >= atHead && i < len(paragraphs)-atFoot {
			continue
		}
		paragraph = strings.TrimSpace(paragraph)
		if len(paragraph) <= maxCorrection && correctionStart.MatchString(paragraph) {
			return paragraph
		}
	}
	return ""
}
