package subject

// The streams.
const (
	StreamURLs     = "URLS"
	StreamFrontier = "FRONTIER"
	StreamPages    = "PAGES"
	StreamArticles = "ARTICLES"
	StreamOutcomes = "OUTCOMES"
	StreamDead     = "DEAD"
	// StreamRevisions announces new and changed articles once they are stored.
	StreamRevisions = "REVISIONS"
	// StreamListings holds responses of endpoints until the discoverer has read them.
	StreamListings = "LISTINGS"
	// StreamExchanges holds exchanges that are not pages until the archiver has read them.
	StreamExchanges = "EXCHANGES"
)

// Streams returns the names of all streams, in the order of the pipeline, and then
// that beside it.
func Streams() []string {
	return []string{
		StreamURLs, StreamFrontier, StreamListings, StreamPages, StreamArticles, StreamOutcomes,
		StreamDead, StreamRevisions, StreamExchanges,
	}
}

// The durable consumers, each named after the stage that reads through it.
const (
	ConsumerIntake   = "intake"
	ConsumerDiscover = "discover"
	ConsumerExtract  = "extract"
	ConsumerIndex    = "index"
	ConsumerLedger   = "ledger"
	// ConsumerArchive exists only if there is an archiver, on PAGES and on EXCHANGES.
	ConsumerArchive = "archive"
)

// The key-value buckets and the object store.
const (
	// BucketLeases records which replica owns which partition of the frontier.
	BucketLeases = "dateline-leases"
	// BucketHosts holds the state of a host that must survive a restart.
	BucketHosts = "dateline-hosts"
	// BucketSeen records the URLs requested recently and the result of each request.
	BucketSeen = "dateline-seen"
	// BucketDrift holds the baselines of all sites, the alarms about sites whose
	// pages have changed, and samples of such pages.
	BucketDrift = "dateline-drift"
	// BucketHealth has a key for each service, which the service writes in order to
	// test whether the server stores messages.
	BucketHealth = "dateline-health"
	// BucketBodies is the object store for page bodies that exceed a message.
	BucketBodies = "dateline-bodies"
)

// KVStream returns the name of the stream that backs a key-value bucket.
func KVStream(bucket string) string { return "KV_" + bucket }

// KVKey returns the subject of a key in the stream of a key-value bucket; the
// key ">" matches all.
func KVKey(bucket, key string) string { return "$KV." + bucket + "." + key }

// ObjectStream returns the name of the stream that backs an object store.
func ObjectStream(bucket string) string { return "OBJ_" + bucket }

// ObjectChunks returns the subject of an object's chunks in the stream of its
// object store; nuid identifies the stored version of the object.
func ObjectChunks(bucket, nuid string) string { return "$O." + bucket + ".C." + nuid }
