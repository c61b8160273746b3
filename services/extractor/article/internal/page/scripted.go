package page

import (
	"bytes"
	"encoding/json"
)

// maxScripted is the maximum size of data that is written as a program, in bytes.
const maxScripted = 2 << 20

// Openings of scripts that frameworks write data into.
var (
	flightOpening = []byte("self.__next_f.push([1,")
	nuxtOpening   = []byte("window.__NUXT__=")
)

// appendScripted appends the data in a script, if its opening is that of a framework:
// the chunks of a stream, which the framework joins, or each long string of a program as
// a line of its own.
func appendScripted(data, script []byte) []byte {
	script = bytes.TrimSpace(script)
	if rest, ok := bytes.CutPrefix(script, flightOpening); ok {
		if chunk, _ := leadingString(rest); len(data)+len(chunk) <= maxScripted {
			data = append(data, chunk...)
		}
		return data
	}
	if !bytes.HasPrefix(script, nuxtOpening) || len(data)+len(script) > maxScripted {
		return data
	}
	for {
		at := bytes.IndexByte(script, '"')
		if at < 0 {
			return data
		}
		text, width := leadingString(script[at:])
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
// the program, which is at least 1.
func leadingString(program []byte) (text string, width int) {
	for i := 1; i < len(program); i++ {
		switch program[i] {
		case '\\':
			i++
		case '"':
			if json.Unmarshal(program[:i+1], &text) != nil {
				text = ""
			}
			return text, i + 1
		}
	}
	return "", len(program)
}

// scriptedIslands returns the JSON in the lines of data that appendScripted collected.
// Each line starts with a number and a colon.
func scriptedIslands(data []byte) [][]byte {
	var islands [][]byte
	for line := range bytes.Lines(data) {
		_, value, ok := bytes.Cut(line, []byte(":"))
		if ok && len(value) > MinIslandChars && (value[0] == '[' || value[0] == '{' || value[0] == '"') {
			islands = append(islands, value)
		}
	}
	return islands
}
