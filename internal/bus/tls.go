package bus

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// TLS configures an encrypted connection to NATS. The files are read at every attempt
// to connect, so that they can be replaced while the process runs.
type TLS struct {
	CA          string `doc:"File with the certificates (PEM) of the authorities that may have signed the NATS server's certificate. Empty uses those of the operating system."`
	Certificate string `doc:"File with this client's certificate (PEM), for a NATS server that requires one."`
	Key         string `doc:"File with the private key (PEM) of nats.tls.certificate."`
}

// Validate returns an error if only one of certificate and key is set.
func (t TLS) Validate() error {
	switch {
	case t.Certificate != "" && t.Key == "":
		return errors.New("certificate is set, but key is not: name the file with its private key")
	case t.Key != "" && t.Certificate == "":
		return errors.New("key is set, but certificate is not: name the file with the certificate")
	}
	return nil
}

// Authentication returns the options of a connection that identify the client and the
// server to each other.
func (c Config) Authentication() []nats.Option {
	var options []nats.Option
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	if c.Nkey != "" {
		options = append(options, func(o *nats.Options) error {
			nkey, err := nats.NkeyOptionFromSeed(c.Nkey)
			if err != nil {
				return fmt.Errorf("reading the seed in nats.nkey: %w", err)
			}
			return nkey(o)
		})
	}
	if c.TLS.CA != "" {
		options = append(options, nats.RootCAs(c.TLS.CA))
	}
	if c.TLS.Certificate != "" {
		options = append(options, nats.ClientCert(c.TLS.Certificate, c.TLS.Key))
	}
	return options
}
