package dnscache

import (
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

var askedName = dnsmessage.MustNewName("news.example.")

// pack returns a message about askedName in the form that is sent.
func pack(t *testing.T, m dnsmessage.Message) []byte {
	t.Helper()
	if m.Questions == nil {
		m.Questions = []dnsmessage.Question{{Name: askedName, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}
	}
	packed, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// record returns a resource with the address 192.0.2.1, or that of a zone, or the name of its server.
func record(ttl uint32, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: askedName, Class: dnsmessage.ClassINET, TTL: ttl}, Body: body,
	}
}

func a(ttl uint32) dnsmessage.Resource {
	return record(ttl, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}})
}

func ns() dnsmessage.Resource { return record(5, &dnsmessage.NSResource{NS: askedName}) }

func soa(ttl, least uint32) dnsmessage.Resource {
	return record(ttl, &dnsmessage.SOAResource{NS: askedName, MBox: askedName, MinTTL: least})
}

// TestLifetimes has times to live that are just within the bounds, and just beyond them.
func TestLifetimes(t *testing.T) {
	type m = dnsmessage.Message
	answers := func(all ...dnsmessage.Resource) m { return m{Answers: all} }
	missing := func(all ...dnsmessage.Resource) m {
		return m{Header: dnsmessage.Header{RCode: dnsmessage.RCodeNameError}, Authorities: all}
	}
	truncated := answers(a(60))
	truncated.Truncated = true
	redirected := answers(a(60))
	redirected.RCode, redirected.Authorities = dnsmessage.RCodeNameError, []dnsmessage.Resource{soa(30, 40)}
	for name, c := range map[string]struct {
		reply m
		life  time.Duration
	}{
		"shorter than the minimum":      {answers(a(9)), 10 * time.Second},
		"the minimum":                   {answers(a(10)), 10 * time.Second},
		"longer than the minimum":       {answers(a(11)), 11 * time.Second},
		"shorter than the maximum":      {answers(a(3599)), 3599 * time.Second},
		"longer than the maximum":       {answers(a(3601)), time.Hour},
		"the first is the shortest":     {answers(a(20), a(30)), 20 * time.Second},
		"the last is the shortest":      {answers(a(30), a(40), a(20)), 20 * time.Second},
		"no answer":                     {m{Authorities: []dnsmessage.Resource{soa(50, 60)}}, 50 * time.Second},
		"missing":                       {missing(soa(60, 50)), 50 * time.Second},
		"missing, after another record": {missing(ns(), soa(40, 50)), 40 * time.Second},
		"missing for the longest time":  {missing(soa(301, 301)), 300 * time.Second},
		"missing for the shortest time": {missing(soa(3, 300)), 10 * time.Second},
		"missing, and no zone":          {missing(ns()), 0},
		"an alias of a missing name":    {redirected, 30 * time.Second},
		"truncated":                     {truncated, 0},
		"nothing":                       {m{}, 0},
	} {
		if life, failed := lifetime(pack(t, c.reply)); life != c.life || failed {
			t.Errorf("%s: %s, failed: %t; want %s", name, life, failed, c.life)
		}
	}
	for _, code := range []dnsmessage.RCode{dnsmessage.RCodeServerFailure, dnsmessage.RCodeRefused} {
		if life, failed := lifetime(pack(t, m{Header: dnsmessage.Header{RCode: code}})); life != 0 || !failed {
			t.Errorf("%s: %s, failed: %t", code, life, failed)
		}
	}
}

// TestMessagesThatEndEarly cuts a query and its replies anywhere. No part is taken for a question, a reply, or a reply
// that tells how long a name is missing.
func TestMessagesThatEndEarly(t *testing.T) {
	query := pack(t, dnsmessage.Message{Header: dnsmessage.Header{ID: 0x0102}})
	header := dnsmessage.Header{ID: 0x0102, Response: true}
	reply := pack(t, dnsmessage.Message{Header: header})
	if key, err := questionKey(query); err != nil || key != "news.example. 1 1" {
		t.Errorf("the question is %q, %v", key, err)
	}
	if !isReply(reply, query) || isReply(query, query) || isReply(reply, []byte{1, 2}) {
		t.Error("the reply is not the only one")
	}
	for n := range query {
		if key, err := questionKey(query[:n]); err == nil {
			t.Errorf("%d of %d bytes are the question %q", n, len(query), key)
		}
		if isReply(reply[:n], query) {
			t.Errorf("%d of %d bytes are a reply", n, len(reply))
		}
	}
	for i := range 2 { // the id
		other := append([]byte(nil), reply...)
		other[i]++
		if isReply(other, query) {
			t.Errorf("a reply with another id, %x, is accepted", other[:2])
		}
	}
	header.RCode = dnsmessage.RCodeNameError
	negative := pack(t, dnsmessage.Message{Header: header, Authorities: []dnsmessage.Resource{ns(), soa(50, 60)}})
	for n := range negative {
		if life, _ := lifetime(negative[:n]); life != 0 {
			t.Errorf("by %d of %d bytes, the name is missing for %s", n, len(negative), life)
		}
	}
	header.RCode = dnsmessage.RCodeSuccess
	positive := pack(t, dnsmessage.Message{Header: header, Answers: []dnsmessage.Resource{a(50)}})
	if life, failed := lifetime(positive[:len(positive)-1]); life != 0 || failed {
		t.Errorf("an answer that is cut off may be kept for %s, failed: %t", life, failed)
	}
	got := withID(reply, []byte{7, 8, 9})
	if got[0] != 7 || got[1] != 8 || string(got[2:]) != string(reply[2:]) || reply[0] != 1 {
		t.Errorf("the reply with another id is %x, and the original is %x", got, reply)
	}
}
