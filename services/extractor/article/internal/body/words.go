package body

import (
	_ "embed"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

var (
	//go:embed lists/boilerplate.txt
	boilerplateList string
	//go:embed lists/endings.txt
	endingList string
	//go:embed lists/consent_notices.txt
	consentNoticeList string
	//go:embed lists/block_marks.txt
	blockMarkList string

	// boilerplate are the starts of lines that publishers put into or around
	// articles; endings are the lines that follow an article. Both are in lower case
	// and sorted.
	boilerplate = wordlist.Entries(boilerplateList)
	endings     = wordlist.Entries(endingList)
	// noticesByWord are the notices that replace an embedded post until the reader
	// consents to being tracked, by their first word.
	noticesByWord = byFirstWord(consentNoticeList)
	// blockMarks are phrases of bot checks, refusals and consent walls.
	blockMarks = wordlist.Entries(blockMarkList)
)

func byFirstWord(list string) map[string][]string {
	byWord := make(map[string][]string)
	for _, entry := range wordlist.Sections(list) {
		word := entry[:wordLength([]byte(entry))]
		byWord[word] = append(byWord[word], entry)
	}
	return byWord
}
