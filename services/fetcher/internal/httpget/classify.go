package httpget

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
)

// Causes with which an exchange cancels its request.
var (
	errIdleBody = errors.New("no byte arrived within the idle body timeout")
	errTotal    = errors.New("the total timeout passed")
)

// classify converts an error of net/http to an Error. The phase is the last one
// that the request is known to have entered.
func classify(ctx context.Context, host string, phase Phase, err error) *Error {
	e := &Error{Host: host, Err: err}
	var own *Error
	var dns *net.DNSError
	var network net.Error
	cause := context.Cause(ctx)
	switch {
	case errors.As(err, &own): // from the dial guard or the type check
		return &Error{Class: own.Class, Host: host, MediaType: own.MediaType, Err: own.Err}
	case errors.Is(cause, errIdleBody):
		e.Class, e.Phase, e.Err = Timeout, PhaseBody, cause
	case errors.Is(cause, errTotal):
		e.Class, e.Phase, e.Err = Timeout, PhaseTotal, fmt.Errorf("%w in the phase %s", cause, phase)
	case cause != nil:
		e.Class, e.Err = Canceled, cause
	case errors.As(err, &dns):
		e.Class, e.NotFound = DNS, dns.IsNotFound
		if dns.IsTimeout {
			e.Class, e.Phase = Timeout, PhaseDNS
		}
	case errors.As(err, &network) && network.Timeout():
		e.Class, e.Phase = Timeout, phase
	case isTLSRefusal(err):
		e.Class = TLS
	case isHeaderTooLarge(err):
		e.Class = HeaderTooLarge
	case isMalformed(err):
		e.Class = Protocol
	case phase == PhaseDNS:
		e.Class = DNS
	case phase == PhaseConnect:
		e.Class = Connect
	case phase == PhaseTLS:
		e.Class = TLS
	default:
		e.Class = Reset
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			e.Err = errors.New("the connection closed early")
		}
	}
	return e
}

// isCutOff distinguishes a handshake that was interrupted from one that either
// side refused.
func isCutOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// isTLSRefusal reports whether either side refused the TLS connection. In TLS 1.3
// this may surface only after the handshake.
func isTLSRefusal(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert *net.OpError
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch) ||
		errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error")
}

// net/http exports no error values for the following failures, so they are
// recognised by their text. The tests fail if a new Go version changes it.

func isHeaderTooLarge(err error) bool {
	return containsAny(err.Error(), headerTooLargeTexts)
}

var headerTooLargeTexts = []string{
	"server response headers exceeded",
	"response header list larger than advertised limit",
}

func isMalformed(err error) bool {
	return containsAny(err.Error(), malformedTexts)
}

var malformedTexts = []string{
	"malformed", "invalid header", "invalid byte in chunk", "chunk length too large", "unsupported transfer encoding",
	"bad Content-Length", "multiple Content-Length", "too many 1xx", "PROTOCOL_ERROR",
}

// isUnprocessed reports whether an HTTP/2 server refused a request without processing
// it (RFC 9113, sections 6.8, 7 and 8.7).
func isUnprocessed(err error) bool { return containsAny(err.Error(), unprocessedTexts) }

var unprocessedTexts = []string{"graceful shutdown GOAWAY", "REFUSED_STREAM", http1RequiredText}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
