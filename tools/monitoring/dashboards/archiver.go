package dashboards

import "github.com/dateline-news/dateline/tools/monitoring/grafana"

func archiver() grafana.Dashboard {
	return dashboard("archiver", "Archive",
		"Is every fetched page kept, how far behind is the archive, and how much does it grow?",
		"/pipeline",
		[]grafana.Variable{instance("dateline_archive_records_total")},

		section("Now",
			number(1, "Pages", "ops", "Pages archived, or found to be archived already.",
				query{`sum(rate(dateline_stage_outcomes_total{instance=~"$instance", stage="archive"}[$__rate_interval]))`, "pages"},
			),
			number(2, "Oldest page waiting", "s",
				"Age of the oldest page that is not archived. Pages stay on their stream until they are.",
				query{`max(dateline_consumer_oldest_waiting_seconds{consumer="archive"})`, "oldest"},
			).steps(green, from(300, yellow), from(900, red)),
			number(3, "Blocked", "short", "1 if the archive could not be written at the last attempt.",
				query{`max(dateline_archive_blocked)`, "blocked"},
			).steps(green, from(1, red)),
			number(4, "Pages waiting", "short", "Pages that have not been delivered to the archiver.",
				query{`max(dateline_consumer_pending{consumer="archive"})`, "waiting"},
			),
		),

		section("Writing",
			graph(10, "Records", "ops", "Records written to the archive.",
				query{`sum(rate(dateline_archive_records_total{instance=~"$instance"}[$__rate_interval]))`, "records"},
			),
			graph(11, "Bytes", "Bps", "Compressed bytes written to the archive.",
				query{`sum(rate(dateline_archive_written_bytes_total{instance=~"$instance"}[$__rate_interval]))`, "bytes"},
			),
			graph(12, "Unchanged pages", "percentunit",
				"Share of the pages whose body the archive had already, so that it was not written again.",
				query{`sum(rate(dateline_archive_revisits_total{instance=~"$instance"}[$__rate_interval])) / sum(rate(dateline_stage_outcomes_total{instance=~"$instance", stage="archive", verdict="produced"}[$__rate_interval]))`, "unchanged"},
			).upToOne(),
			graph(13, "Time per batch", "s", "Time to write a batch of pages, with its syncs and the index.",
				quantiles("dateline_stage_duration_seconds", `instance=~"$instance", stage="archive"`)...,
			).log(),
			graph(14, "Outcomes by verdict", "ops", "How pages ended. Rejected pages have no record of their exchange.",
				query{`sum by (verdict) (rate(dateline_stage_outcomes_total{instance=~"$instance", stage="archive"}[$__rate_interval]))`, "{{verdict}}"},
			).stacked(),
		),
	)
}
