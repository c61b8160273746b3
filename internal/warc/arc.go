package warc

import (
	"bufio"
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"
)

// arcPrefix starts the first record of an ARC file.
var arcPrefix = []byte("filedesc://")

// arcLine is the header of an ARC record.
type arcLine struct {
	url, address, mediaType string
	date                    time.Time
	length                  int64
}

// parseARCLine parses the header of an ARC record: URL, address, date, media type and
// length, separated by spaces. Version 2 has more fields before the length.
func parseARCLine(line []byte) (arcLine, bool) {
	fields := bytes.Split(bytes.TrimRight(line, "\r"), []byte(" "))
	if len(fields) < 5 || !bytes.Contains(fields[0], []byte(":")) {
		return arcLine{}, false
	}
	length, err := strconv.ParseInt(string(fields[len(fields)-1]), 10, 64)
	if err != nil || length < 0 {
		return arcLine{}, false
	}
	// The date comes third, but a URL may contain spaces.
	for i := 2; i < len(fields)-2; i++ {
		date, err := time.Parse("20060102150405", string(fields[i]))
		if err != nil {
			continue
		}
		return arcLine{
			url: string(bytes.Join(fields[:i-1], []byte(" "))), address: string(fields[i-1]),
			date: date, mediaType: string(fields[i+1]), length: length,
		}, true
	}
	return arcLine{}, false
}

// parseARC reads the header of an ARC record.
func parseARC(text *bufio.Reader, record *Record) error {
	line, _, err := readLine(text)
	if err != nil {
		return err
	}
	parsed, ok := parseARCLine(line)
	if !ok {
		return errors.New("the header of the record is not that of an ARC record")
	}
	record.Version, record.Length = "ARC/1", parsed.length
	kind, mediaType := TypeResponse, "application/http;msgtype=response"
	switch {
	case strings.HasPrefix(parsed.url, string(arcPrefix)):
		kind, mediaType = TypeInfo, parsed.mediaType
	case !strings.HasPrefix(parsed.url, "http:") && !strings.HasPrefix(parsed.url, "https:"):
		kind, mediaType = TypeResource, parsed.mediaType // such as the response of a name server
	}
	record.Header = Header{
		{"WARC-Type", kind}, {"WARC-Target-URI", parsed.url}, {"WARC-Date", parsed.date.Format(time.RFC3339)},
		{"WARC-IP-Address", parsed.address}, {"Content-Type", mediaType},
	}
	return nil
}
