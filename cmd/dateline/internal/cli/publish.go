package cli

import (
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func newPublish() *cobra.Command {
	var force, backfill bool
	var labels map[string]string
	cmd := &cobra.Command{
		Use:   "publish URL|FILE|- ...",
		Short: "Publish URLs for a pipeline to fetch, without waiting for them",
		Long: `Publishes URLs onto the subject urls: of the NATS server that --nats names, else
of the pipeline that runs on the data folder, else into the data folder for the
next run. An argument is a URL, a file of URLs, a saved HTML page, or - for
standard input.`,
		Args: cobra.MinimumNArgs(1),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&force, "force", false, "Fetch again what was fetched within the freshness window.")
	cmd.Flags().BoolVar(&backfill, "backfill", false, "Let fresh news of the same host go first.")
	cmd.Flags().StringToStringVar(&labels, "label", nil, "Label that travels to the article, as key=value; repeatable.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		bus, err := pipeline.OpenBus(cmd.Context(), cfg, cfg.Admin.Logger(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		defer bus.Close()
		count := 0
		for it, err := range items(args, cmd.InOrStdin()) {
			if err != nil {
				return fmt.Errorf("%w (%d URLs were published before)", err, count)
			}
			request := &datelinev1.FetchRequest{
				Url: it.url, RequestId: rand.Text(), Force: force, Labels: labels, RequestTime: timestamppb.Now(),
				Priority: datelinev1.Priority_PRIORITY_FRESH,
			}
			if backfill {
				request.Priority = datelinev1.Priority_PRIORITY_BACKFILL
			}
			msg, err := message(request, it)
			if err != nil {
				return err
			}
			if _, err := bus.JS.PublishMsg(cmd.Context(), msg); err != nil {
				return fmt.Errorf("publishing %s: %w (%d URLs were published before)", it.url, err, count)
			}
			count++
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "published %d URLs to %s\n", count, bus.URL())
		return err
	}
	return cmd
}
