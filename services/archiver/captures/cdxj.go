package captures

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Key returns the key of the capture's URL, of at most 1,024 bytes.
func (c Capture) Key() string { return boundKey(Key(c.URL)) }

// revisitType is the media type of revisit records in a CDX index.
const revisitType = "warc/revisit"

// CDXJ returns the capture as a line of a CDXJ index, without the end of the line. The
// lines of Sorted are in the order that such an index must have.
func (c Capture) CDXJ() ([]byte, error) {
	fields := struct {
		URL      string `json:"url"`
		Type     string `json:"mime"`
		Status   string `json:"status"`
		Digest   string `json:"digest"`
		Length   string `json:"length"`
		Offset   string `json:"offset"`
		Filename string `json:"filename"`
	}{
		c.URL, c.Type, strconv.Itoa(c.Status), c.Digest, strconv.FormatInt(c.Length, 10),
		strconv.FormatInt(c.Offset, 10), c.File,
	}
	switch {
	case c.IsRevisit() || c.Status == http.StatusNotModified:
		fields.Type = revisitType
	case c.Status == 0: // an attempt without a response, whose record has no status
		fields.Status, fields.Digest = "-", "-"
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	line := make([]byte, 0, len(c.URL)+len(data)+32)
	line = append(line, c.Key()...)
	line = append(line, ' ')
	line = c.Time.UTC().AppendFormat(line, "20060102150405")
	line = append(line, ' ')
	return append(line, data...), nil
}
