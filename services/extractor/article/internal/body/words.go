package body

import (
	"embed"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

//go:embed lists/*.txt
var lists embed.FS

// The lists are in lower case and sorted.
var (
	// boilerplate are the starts of lines that publishers put into or around
	// articles.
	boilerplate = wordlist.Entries(wordlist.Read(lists, "boilerplate"))
	// endings are lines that follow an article.
	endings = wordlist.Entries(wordlist.Read(lists, "endings"))
	// noticesByWord are the notices that replace an embedded post until the reader
	// consents to being tracked, by their first word.
	noticesByWord = byFirstWord(wordlist.Read(lists, "consent_notices"))
)

func byFirstWord(list string) map[string][]string {
	byWord := make(map[string][]string)
	for _, entry := range wordlist.Sections(list) {
		word := entry[:wordLength([]byte(entry))]
		byWord[word] = append(byWord[word], entry)
	}
	return byWord
}
