package dnscache

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	headerSize  = 12   // bytes of a message's header (RFC 1035, section 4.1.1)
	responseBit = 0x80 // QR in the third byte of the header
)

// questionKey returns the name, type and class that a message asks for.
func questionKey(message []byte) (string, error) {
	var p dnsmessage.Parser
	if _, err := p.Start(message); err != nil {
		return "", fmt.Errorf("dnscache: reading header: %w", err)
	}
	q, err := p.Question()
	if err != nil {
		return "", fmt.Errorf("dnscache: reading question: %w", err)
	}
	return fmt.Sprintf("%s %d %d", strings.ToLower(q.Name.String()), q.Type, q.Class), nil
}

// withID returns a copy of a reply with the id of a query.
func withID(reply, query []byte) []byte {
	out := append([]byte(nil), reply...)
	copy(out[:2], query[:2])
	return out
}

// isReply reports whether a message is the reply to a query.
func isReply(message, query []byte) bool {
	if len(message) < headerSize || message[0] != query[0] || message[1] != query[1] || message[2]&responseBit == 0 {
		return false
	}
	want, err := questionKey(query)
	if err != nil {
		return false
	}
	got, err := questionKey(message)
	return err == nil && got == want
}

// lifetime returns how long a reply may be cached, 0 if it must not be, and
// whether the server failed to answer.
func lifetime(reply []byte) (life time.Duration, failed bool) {
	var p dnsmessage.Parser
	header, err := p.Start(reply)
	if err != nil || header.RCode != dnsmessage.RCodeSuccess && header.RCode != dnsmessage.RCodeNameError {
		return 0, true
	}
	if header.Truncated || p.SkipAllQuestions() != nil {
		return 0, false
	}
	least, found := uint32(0), false
	for {
		h, err := p.AnswerHeader()
		if err != nil {
			break
		}
		if !found || h.TTL < least {
			least, found = h.TTL, true
		}
		if p.SkipAnswer() != nil {
			return 0, false
		}
	}
	if found && header.RCode == dnsmessage.RCodeSuccess {
		return min(max(seconds(least), minTTL), maxTTL), false
	}
	return negativeLifetime(&p), false
}

// negativeLifetime returns how long a missing name may be cached: only the zone's
// SOA record tells (RFC 2308, section 5). It returns 0 if there is none.
func negativeLifetime(p *dnsmessage.Parser) time.Duration {
	for {
		h, err := p.AuthorityHeader()
		if err != nil {
			return 0
		}
		if h.Type != dnsmessage.TypeSOA {
			if p.SkipAuthority() != nil {
				return 0
			}
			continue
		}
		soa, err := p.SOAResource()
		if err != nil {
			return 0
		}
		return min(max(seconds(min(h.TTL, soa.MinTTL)), minTTL), maxNegative)
	}
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }
