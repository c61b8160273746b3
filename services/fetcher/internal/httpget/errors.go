package httpget

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// Class is the kind of a failure: a closed set, fit for a metric's label.
type Class string

const (
	// BadRequest: the Request cannot be sent: not a canonical http or https
	// URL, or a header value with line breaks.
	BadRequest Class = "bad_request"
	// BlockedPort: the port is not among Config.AllowPorts.
	BlockedPort Class = "blocked_port"
	// BlockedAddress: the host is, or resolves to, an address that is not
	// public and not in Config.AllowNets.
	BlockedAddress Class = "blocked_address"
	// DNS: the name does not resolve; Error.NotFound if it does not exist.
	DNS Class = "dns"
	// Connect: no connection: refused, unreachable, no route.
	Connect Class = "connect"
	// TLS: the handshake failed, or the certificate is not valid.
	TLS Class = "tls"
	// Timeout: Error.Phase says which.
	Timeout Class = "timeout"
	// Reset: the connection ended before the answer did.
	Reset Class = "reset"
	// HeaderTooLarge: the headers exceed Config.MaxHeaderBytes. (HTTP/2
	// headers of several times that end as Protocol.)
	HeaderTooLarge Class = "header_too_large"
	// Protocol: the answer is not HTTP.
	Protocol Class = "protocol"
	// BadType: the answer is not a page of HTML; Error.Found says what.
	BadType Class = "bad_type"
	// Canceled: the caller's context ended.
	Canceled Class = "canceled"
)

// Classes are all of them.
var Classes = []Class{
	BadRequest, BlockedPort, BlockedAddress, DNS, Connect, TLS, Timeout, Reset, HeaderTooLarge, Protocol, BadType, Canceled,
}

// Phase is what a request was doing.
type Phase string

const (
	PhaseDNS     Phase = "dns"     // resolving the name
	PhaseConnect Phase = "connect" // opening the connection
	PhaseTLS     Phase = "tls"     // shaking hands
	PhaseHeader  Phase = "header"  // sending the request, waiting for the end of the headers
	PhaseBody    Phase = "body"    // reading the body
	PhaseTotal   Phase = "total"   // any of them, longer than Config.TotalTimeout
)

// Error is every error that Get returns.
type Error struct {
	Class Class
	// Host as in the URL, with its port if it has one.
	Host string
	// Phase in which a Timeout struck, else empty.
	Phase Phase
	// NotFound: the name server says that the name does not exist. It is
	// worth a few more attempts, no more: records come and go by mistake.
	NotFound bool
	// Found is the media type that made a BadType.
	Found string
	// Status of the answer, for failures after its headers, else 0.
	Status int
	// Err is the cause, nil where the class says it all.
	Err error
}

// Error says in one sentence what happened, where, and what can be done.
func (e *Error) Error() string {
	text := e.Host + ": "
	switch e.Class {
	case BadRequest:
		text += "the request cannot be sent; give a canonical http or https URL"
	case BlockedPort:
		text += "the port is not one that may be fetched from; allow it in the configuration if it should be"
	case BlockedAddress:
		text += "the address is not a public one; allow its network in the configuration if it should be fetched"
	case DNS:
		if e.NotFound {
			text += "the host name does not exist; check its spelling"
		} else {
			text += "the host name could not be resolved; check the name server if other hosts fail too"
		}
	case Connect:
		text += "no connection could be made; the server is down or refuses this network"
	case TLS:
		text += "no secure connection could be made; the server's certificate or TLS settings are at fault"
	case Timeout:
		text += e.timeoutSentence()
	case Reset:
		text += "the server broke the connection off before the answer was complete"
	case HeaderTooLarge:
		text += "the answer's headers are larger than the limit; raise it in the configuration if the site is worth it"
	case Protocol:
		text += "the answer is not valid HTTP; something else than a web server listens there"
	case BadType:
		return text + fmt.Sprintf("the answer is %s, not a page of HTML", e.Found)
	case Canceled:
		text += "the request was given up by its caller"
	}
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	return text
}

func (e *Error) timeoutSentence() string {
	switch e.Phase {
	case PhaseDNS:
		return "the name server did not answer in time"
	case PhaseConnect:
		return "the server did not accept a connection in time"
	case PhaseTLS:
		return "the server did not finish the TLS handshake in time"
	case PhaseHeader:
		return "the server did not send its headers in time"
	case PhaseBody:
		return "the server stopped sending in the middle of the body"
	}
	return "the server sent too slowly to finish in time; raise the total timeout if the site is worth it"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Transient reports whether the same request may succeed later. What is not
// transient fails again until somebody changes the URL, the site or the
// configuration.
func (e *Error) Transient() bool {
	switch e.Class {
	case DNS, Connect, Timeout, Reset, Canceled:
		return true
	case TLS:
		return isCutOff(e.Err)
	}
	return false
}

// isCutOff tells a handshake that broke off from one that either side refused.
func isCutOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// isTLSRefusal recognises a refusal, which TLS 1.3 may report only behind the
// handshake.
func isTLSRefusal(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert *net.OpError
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch) ||
		errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error")
}

// Causes with which the watch cancels a request.
var (
	errIdleBody = errors.New("no byte came within the idle body timeout")
	errTotal    = errors.New("the total timeout is over")
)

// classify makes an Error of what net/http returned. The phase is the last one
// that the request is known to have entered.
func classify(ctx context.Context, host string, phase Phase, err error) *Error {
	e := &Error{Host: host, Err: err}
	var own *Error
	var dns *net.DNSError
	var network net.Error
	cause := context.Cause(ctx)
	switch {
	case errors.As(err, &own): // from the dial guard or the type check
		return &Error{Class: own.Class, Host: host, Found: own.Found, Err: own.Err}
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

// net/http has no values for these; the tests hold the texts to its version.

func isHeaderTooLarge(err error) bool {
	text := err.Error()
	return strings.Contains(text, "server response headers exceeded") ||
		strings.Contains(text, "response header list larger than advertised limit")
}

func isMalformed(err error) bool {
	text := err.Error()
	for _, part := range []string{
		"malformed", "invalid header", "invalid byte in chunk", "chunk length too large", "unsupported transfer encoding",
		"bad Content-Length", "multiple Content-Length", "too many 1xx", "PROTOCOL_ERROR",
	} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
