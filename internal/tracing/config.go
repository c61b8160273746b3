package tracing

import (
	"errors"
	"fmt"
	"net/url"
)

// Config configures traces.
type Config struct {
	Endpoint    string  `doc:"URL of an OTLP/HTTP collector for traces, such as http://127.0.0.1:4318. Without a path, /v1/traces is added. Empty exports no traces."`
	SampleRatio float64 `doc:"Share of URLs to trace, from 0 to 1, unless the publisher of a URL has decided whether to trace it."`
}

// DefaultConfig returns a configuration that exports no traces.
func DefaultConfig() Config { return Config{SampleRatio: 1} }

// Validate returns an error that lists every problem.
func (c Config) Validate() error {
	var problems []error
	if _, err := c.url(); err != nil {
		problems = append(problems, err)
	}
	if !(c.SampleRatio >= 0 && c.SampleRatio <= 1) {
		problems = append(problems, fmt.Errorf("sample-ratio is %g: choose a value from 0 to 1", c.SampleRatio))
	}
	return errors.Join(problems...)
}

// url returns the URL that traces are sent to, or an empty string if they are not
// exported.
func (c Config) url() (string, error) {
	if c.Endpoint == "" {
		return "", nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		// The message does not quote the endpoint, which may contain a password.
		return "", errors.New("endpoint is not the URL of a collector: use one such as http://127.0.0.1:4318")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces" // OTLP specification, section "OTLP/HTTP Request"
	}
	return u.String(), nil
}
