package tracing

import (
	"errors"
	"fmt"
	"net/url"
)

// Config of traces.
type Config struct {
	Endpoint    string  `doc:"URL of a collector that takes traces by OTLP over HTTP, such as http://127.0.0.1:4318; empty exports none. Without a path, /v1/traces is added."`
	SampleRatio float64 `doc:"Share of the URLs, from 0 to 1, that are traced where whoever published one has not decided that."`
}

// DefaultConfig exports nothing.
func DefaultConfig() Config { return Config{SampleRatio: 1} }

// Validate refuses what cannot work.
func (c Config) Validate() error {
	var problems []error
	if _, err := c.url(); err != nil {
		problems = append(problems, err)
	}
	if !(c.SampleRatio >= 0 && c.SampleRatio <= 1) {
		problems = append(problems, fmt.Errorf("sample-ratio is %g: choose 0 to 1", c.SampleRatio))
	}
	return errors.Join(problems...)
}

// url is where traces go; empty for nowhere.
func (c Config) url() (string, error) {
	if c.Endpoint == "" {
		return "", nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", errors.New("endpoint is no URL of a collector: write it as http://127.0.0.1:4318") // it may hold a password
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces" // the OTLP specification, section "OTLP/HTTP Request"
	}
	return u.String(), nil
}
