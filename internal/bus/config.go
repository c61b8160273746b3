package bus

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// Config configures the connection to NATS.
type Config struct {
	URL         string `doc:"Address of the NATS server, or several separated by commas. It may contain a user and password."`
	Credentials string `doc:"File with NATS credentials (JWT and seed), such as user.creds. Empty uses none."`
	Nkey        string `doc:"File with the seed of an NKey. Empty uses none."`
	TLS         TLS
	Replicas    int           `doc:"Number of copies of each stream in a cluster: 1, 3 or 5."`
	Wait        time.Duration `doc:"Maximum time to try to connect to the server at start, such as 30s."`
	Declare     bool          `doc:"Declare streams and consumers at start. Set to false if this service's NATS user may not create streams; then run the command declare once as a user who may."`
}

// DefaultConfig returns a configuration for a server on this machine.
func DefaultConfig() Config {
	return Config{URL: nats.DefaultURL, Replicas: 1, Wait: 30 * time.Second, Declare: true}
}

// Validate returns an error that lists every problem.
func (c Config) Validate() error {
	var problems []error
	if c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5 {
		problems = append(problems, fmt.Errorf("replicas is %d: choose 1, 3 or 5", c.Replicas))
	}
	if c.Wait < 0 {
		problems = append(problems, fmt.Errorf("wait is %s: it must not be negative", c.Wait))
	}
	return errors.Join(problems...)
}
