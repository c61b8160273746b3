package page

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// maxScripted is the maximum size of data that is written as a program, in bytes.
const maxScripted = 2 << 20

// flightOpening is the opening of the scripts that stream data in parts.
var flightOpening = []byte("self.__next_f.push([1,")

// stateOpening is the opening of a script that assigns the state of a framework to a
// variable, such as window.__NUXT__. maxStateName bounds the name.
var stateOpening = []byte("window.__")

const maxStateName = 40

// appendScripted appends the data in a script, if its opening is that of a framework:
// the chunks of a stream, which the framework joins, or each long string of a program as
// a line of its own.
func appendScripted(data, script []byte) []byte {
	script = bytes.TrimLeft(script, " \t\r\n")
	if rest, ok := bytes.CutPrefix(script, flightOpening); ok {
		if chunk, _ := leadingString(rest, 0); len(data)+len(chunk) <= maxScripted {
			data = append(data, chunk...)
		}
		return data
	}
	if !bytes.HasPrefix(script, stateOpening) || len(data)+len(script) > maxScripted ||
		bytes.IndexByte(script[:min(len(script), maxStateName)], '=') < 0 {
		return data
	}
	for {
		at := bytes.IndexByte(script, '"')
		if at < 0 {
			return data
		}
		text, width := leadingString(script[at:], MinIslandChars)
		if len(text) >= MinIslandChars {
			quoted, err := json.Marshal(text)
			if err == nil {
				data = append(append(append(data, "0:"...), quoted...), '\n')
			}
		}
		script = script[at+width:]
	}
}

// leadingString returns the string literal at the start of a program, and its length in
// the program, which is at least 1. The text of a literal that is shorter than a number of
// bytes is "".
func leadingString(program []byte, minimum int) (text string, width int) {
	for i := 1; i < len(program); i++ {
		switch program[i] {
		case '\\':
			i++
		case '"':
			if i < minimum || json.Unmarshal(program[:i+1], &text) != nil {
				text = ""
			}
			return text, i + 1
		}
	}
	return "", len(program)
}

// scriptedIslands returns the JSON and the markup in the rows of data that appendScripted
// collected. Each row starts with an identifier and a colon. A row of text has its length,
// and any other row ends at a line break.
func scriptedIslands(data []byte) [][]byte {
	var islands [][]byte
	for len(data) > 0 {
		_, value, ok := bytes.Cut(data, []byte(":"))
		if !ok {
			break
		}
		row, rest, ok := textRow(value)
		if !ok {
			row, rest, _ = bytes.Cut(value, []byte("\n"))
		}
		if len(row) > MinIslandChars && strings.IndexByte(`[{"<`, row[0]) >= 0 {
			islands = append(islands, row)
		}
		data = rest
	}
	return islands
}

// maxRowLength is the maximum number of digits of the length of a text.
const maxRowLength = 8

// textRow returns the text at the start of data, and what follows it: the letter T, the
// number of bytes in hexadecimal digits, a comma and the text.
func textRow(data []byte) (text, rest []byte, ok bool) {
	if len(data) == 0 || data[0] != 'T' {
		return nil, nil, false
	}
	comma := bytes.IndexByte(data[:min(len(data), maxRowLength+2)], ',')
	if comma < 0 {
		return nil, nil, false
	}
	length, err := strconv.ParseUint(string(data[1:comma]), 16, 32)
	if err != nil {
		return nil, nil, false
	}
	data = data[comma+1:]
	end := min(int(length), len(data))
	return data[:end], data[end:], true
}
