package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/config"
)

const referenceHead = `# Configuration

Every setting of dateline and of the services, generated from the code by
"dateline reference". Flags take precedence over environment variables, then come the
configuration file (--config), the context and the defaults. A context contains the
settings that commands need to reach a deployment. "dateline up" and "make deploy"
write a context; "dateline context --help" describes contexts. The file is YAML with
one section per word before the dot:

    fetcher:
      user-agent: "ExampleNews/1.0 (+https://example.com/bot)"
      delay: 2s

Durations have a unit (1m30s). Sizes may have one (256MiB, 1GB); without, they are
in bytes. A yes/no setting is yes, true, on or 1, or no, false, off or 0. Items of a
list are separated by commas; in the file it may also be a YAML list.

A service reads the sections nats, admin and its own, so one file can serve all
of them. In a process that has data.dir, an empty nats.url means an embedded NATS
server, and an empty store.url a file in that folder.

`

const metricsHead = `# Metrics

Every metric of Dateline, generated from the code by "dateline reference --metrics".
The services and "dateline up" expose their metrics at /metrics on the admin address
(admin.addr); a service exposes only the metrics of its own parts. Every series
exists from the start, with the value zero. No label is a URL. Only the label of
dateline_source_info is a host; it has at most 100 series. Histograms are both native
and classic. Counters and histograms have created timestamps, so that Prometheus with
--enable-feature=created-timestamp-zero-ingestion counts what happened before its
first scrape.

Dead letters by reason are the series of dateline_stage_outcome_reasons_total with
verdict="dead". Metrics of streams and consumers are read from NATS every five
seconds by each process that reads the stream. With several replicas, use
max by (stream, consumer).

`

func newReference() *cobra.Command {
	cmd := &cobra.Command{
		Use:    "reference",
		Short:  "Print the reference of all settings, or of all metrics, as Markdown",
		Args:   noArgs,
		Hidden: true,
	}
	metrics := cmd.Flags().Bool("metrics", false, "Print the reference of the metrics.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *metrics {
			fmt.Fprint(cmd.OutOrStdout(), metricsHead)
			return pipeline.WriteMetrics(cmd.Context(), cmd.OutOrStdout())
		}
		cfg := pipeline.DefaultConfig()
		fmt.Fprint(cmd.OutOrStdout(), referenceHead)
		return config.WriteReference(cmd.OutOrStdout(), &cfg)
	}
	return cmd
}
