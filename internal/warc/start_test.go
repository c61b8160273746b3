package warc

import "testing"

func TestStartsRecord(t *testing.T) {
	const arc = "http://a.example/ 127.0.0.1 20260301120000 text/html 5\n"
	for text, want := range map[string]bool{
		"": false, "W": false, "WARC/": false, "WARC/1": true, "WARC/0.17\r\n": true, "WARC/9": true,
		"WARC/x": false, "WARC//": false, "WARC/:": false, "warc/1.0": false,
		arc: true, arc[:len(arc)-1]: false, "a line\n": false,
	} {
		if got := startsRecord([]byte(text)); got != want {
			t.Errorf("%q starts a record: %v, want %v", text, got, want)
		}
	}
}
