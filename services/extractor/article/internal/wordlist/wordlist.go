// Package wordlist reads the word lists that are embedded in the extraction
// rules: names of months, labels of dates, phrases of boilerplate and the like.
//
// A list is a text file in UTF-8 (normalisation form C) with one entry a line,
// sorted by bytes. Lines that start with # are comments; the first ones say what
// the list is for and where its entries come from. A line in square brackets
// starts a section, which applies to the entries below it. An entry that starts
// or ends with a space, or contains a line break, is written as a quoted Go string.
package wordlist

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Sections yields the entries of a list in the order of the file, each with the
// name of its section, which is empty for entries above the first section.
//
// Sections panics if an entry is quoted badly: lists are part of the program.
func Sections(list string) iter.Seq2[string, string] {
	return func(yield func(section, entry string) bool) {
		section := ""
		for line := range strings.Lines(list) {
			line = strings.TrimRight(line, "\r\n")
			if line == "" || line[0] == '#' {
				continue
			}
			if line[0] == '[' {
				section = strings.Trim(line, "[]")
				continue
			}
			if line[0] == '"' {
				entry, err := strconv.Unquote(line)
				if err != nil {
					panic(fmt.Sprintf("wordlist: entry %s: %v", line, err))
				}
				line = entry
			}
			if !yield(section, line) {
				return
			}
		}
	}
}

// Entries returns the entries of a list in the order of the file.
func Entries(list string) []string {
	entries := make([]string, 0, strings.Count(list, "\n"))
	for _, entry := range Sections(list) {
		entries = append(entries, entry)
	}
	return entries
}

// Set returns the entries of a list as a set.
func Set(list string) map[string]bool {
	set := make(map[string]bool, strings.Count(list, "\n"))
	for _, entry := range Sections(list) {
		set[entry] = true
	}
	return set
}
