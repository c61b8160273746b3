package cli

import (
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// requestFlags are the flags of commands that publish fetch requests.
type requestFlags struct {
	force  bool
	labels map[string]string
}

func (f *requestFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.force, "force", false, "Fetch URLs again that were fetched within the freshness window.")
	flags.StringToStringVar(&f.labels, "label", nil,
		"Attach this label to the request and to its article, as `key=value`; repeatable.")
}

func (f *requestFlags) request(url string) *datelinev1.FetchRequest {
	return &datelinev1.FetchRequest{
		Url: url, RequestId: rand.Text(), Force: f.force, Labels: f.labels, RequestTime: timestamppb.Now(),
	}
}

func newPublish() *cobra.Command {
	var flags requestFlags
	var backfill bool
	cmd := &cobra.Command{
		Use:   "publish URL|FILE|- ...",
		Short: "Publish URLs for a pipeline to fetch, without waiting for the results",
		Long: `Publishes URLs on the subject "urls" of the NATS server that --nats names. Without
--nats, it uses the server of the pipeline that runs on the data folder, or, if none
runs, queues the URLs in the data folder for the next run. An argument is a URL, a
file of URLs, a saved HTML page, or - for standard input.`,
		Args: someArgs,
	}
	load := configured(cmd, quiet)
	flags.add(cmd.Flags())
	cmd.Flags().BoolVar(&backfill, "backfill", false, "Fetch these URLs after the fresh news of the same host.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		bus, err := openBus(cmd, cfg)
		if err != nil {
			return err
		}
		defer bus.Close()
		count := 0
		for in, err := range readInputs(args, cmd.InOrStdin()) {
			if err != nil {
				return fmt.Errorf("%w (%s published before)", err, plural(count, "URL"))
			}
			request := flags.request(in.url)
			request.Priority = datelinev1.Priority_PRIORITY_FRESH
			if backfill {
				request.Priority = datelinev1.Priority_PRIORITY_BACKFILL
			}
			msg, err := message(request, in)
			if err != nil {
				return err
			}
			if _, err := bus.JS.PublishMsg(cmd.Context(), msg); err != nil {
				return fmt.Errorf("publishing %s: %w (%s published before)", in.url, err, plural(count, "URL"))
			}
			count++
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "published %s to %s\n", plural(count, "URL"), bus.URL())
		return err
	}
	return cmd
}
