package httpget

import "fmt"

// Class is the kind of a failure. The classes are a closed set, so that they can
// label a metric.
type Class string

// The classes of failures.
const (
	// BadRequest means that the Request cannot be sent: its URL is not a
	// canonical http or https URL, or a header value has a line break.
	BadRequest Class = "bad_request"
	// BlockedPort means that the port is not in Config.AllowPorts.
	BlockedPort Class = "blocked_port"
	// BlockedAddress means that the host is, or resolves to, an address that is
	// neither public nor in Config.AllowNets.
	BlockedAddress Class = "blocked_address"
	// DNS means that the name could not be resolved. Error.NotFound is set if
	// the name does not exist.
	DNS Class = "dns"
	// Connect means that no connection could be opened: refused, unreachable
	// or no route.
	Connect Class = "connect"
	// TLS means that the handshake failed or that the certificate is invalid.
	TLS Class = "tls"
	// Timeout means that a time limit of Config was exceeded. Error.Phase tells
	// which.
	Timeout Class = "timeout"
	// Reset means that the connection ended before the response was complete.
	Reset Class = "reset"
	// HeaderTooLarge means that the headers exceed Config.MaxHeaderBytes. HTTP/2
	// headers that are several times larger are reported as Protocol.
	HeaderTooLarge Class = "header_too_large"
	// Protocol means that the response is not valid HTTP.
	Protocol Class = "protocol"
	// BadType means that the response is not an HTML page. Error.MediaType
	// tells what it is.
	BadType Class = "bad_type"
	// Canceled means that the caller's context ended.
	Canceled Class = "canceled"
)

// Classes lists every Class.
var Classes = []Class{
	BadRequest, BlockedPort, BlockedAddress, DNS, Connect, TLS,
	Timeout, Reset, HeaderTooLarge, Protocol, BadType, Canceled,
}

// Phase is a part of a request.
type Phase string

// The phases of a request.
const (
	PhaseDNS     Phase = "dns"     // resolving the name
	PhaseConnect Phase = "connect" // opening the connection
	PhaseTLS     Phase = "tls"     // TLS handshake
	PhaseHeader  Phase = "header"  // from sending the request to the end of the response headers
	PhaseBody    Phase = "body"    // reading the body
	PhaseTotal   Phase = "total"   // the whole request, bounded by Config.TotalTimeout
)

// Error is the type of every error that Get returns.
type Error struct {
	Class Class
	// Host as in the URL, with its port if the URL has one.
	Host string
	// Phase that timed out. Empty for other classes than Timeout.
	Phase Phase
	// NotFound reports that, according to the name server, the name does not
	// exist. Retry a few times, but not for long: records sometimes disappear
	// by mistake.
	NotFound bool
	// MediaType of the response. Empty for other classes than BadType.
	MediaType string
	// Status of the response, if the failure came after its headers, else 0.
	Status int
	// Err is the cause, or nil if the class says everything.
	Err error
}

// Error returns one sentence: the host, what failed and what can be done.
func (e *Error) Error() string {
	text := e.Host + ": " + e.sentence()
	if e.Err != nil && e.Class != BadType {
		text += " (" + e.Err.Error() + ")"
	}
	return text
}

func (e *Error) sentence() string {
	switch e.Class {
	case BadRequest:
		return "the request cannot be sent; use a canonical http or https URL"
	case BlockedPort:
		return "the port is not allowed; if it should be fetched from, add it to fetcher.allow-ports"
	case BlockedAddress:
		return "the address is not public; if it should be fetched from, add its network to fetcher.allow-nets"
	case DNS:
		if e.NotFound {
			return "the host name does not exist; check its spelling"
		}
		return "the host name could not be resolved; if other hosts fail too, check the name server"
	case Connect:
		return "could not connect; the server is down or refuses this network"
	case TLS:
		return "the TLS handshake failed; the server's certificate or TLS settings are at fault"
	case Timeout:
		return e.timeoutSentence()
	case Reset:
		return "the server closed the connection before the response was complete"
	case HeaderTooLarge:
		return "the response headers exceed the limit"
	case Protocol:
		return "the response is not valid HTTP; the port may belong to something other than a web server"
	case BadType:
		return fmt.Sprintf("the response is %s, not an HTML page", e.MediaType)
	case Canceled:
		return "the caller canceled the request"
	}
	return "the request failed"
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
	return "the server was too slow to finish in time; if the site is worth it, raise fetcher.total-timeout"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Transient reports whether the same request may succeed later. Any other
// failure recurs until somebody changes the URL, the site or the configuration.
func (e *Error) Transient() bool {
	switch e.Class {
	case DNS, Connect, Timeout, Reset, Canceled:
		return true
	case TLS:
		return isCutOff(e.Err)
	}
	return false
}
