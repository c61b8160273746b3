package cli

import (
	"fmt"
	"io"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// printHubs prints the subscriptions of endpoints to hubs.
func printHubs(w io.Writer, endpoints []sources.EndpointDetails) {
	for _, e := range endpoints {
		if e.Hub == nil {
			continue
		}
		fmt.Fprintf(w, "hub %s for %s: %s", escape.Line(e.Hub.URL), escape.Line(e.Hub.Topic), e.Hub.State)
		if e.Hub.State == sources.SubscriptionSubscribed {
			fmt.Fprintf(w, " until %s", when(w, e.Hub.LeaseEnd))
		}
		if e.Hub.Pushes > 0 {
			fmt.Fprintf(w, "; %d pushed, last %s", e.Hub.Pushes, when(w, e.Hub.LastPush))
		}
		if e.Hub.Reason != "" {
			fmt.Fprintf(w, "; last problem: %s", escape.Line(e.Hub.Reason))
		}
		fmt.Fprintln(w)
	}
}
