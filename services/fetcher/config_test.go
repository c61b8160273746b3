package fetcher_test

import (
	"strings"
	"testing"
)

func TestValidateReportsEveryMistake(t *testing.T) {
	config := quickConfig()
	config.UserAgent, config.MaxInFlight, config.AllowNets, config.AllowPorts = "", 0, []string{"here"}, []string{"0"}
	config.HeaderTimeout, config.DrainTimeout = -1, -1
	err := config.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{
		"user-agent", "max-in-flight", "allow-nets", "allow-ports", "header-timeout", "drain-timeout",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}
