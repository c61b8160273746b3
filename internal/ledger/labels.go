package ledger

// The bounds of a request's labels: intake refuses requests that exceed them.
const (
	MaxLabels     = 64
	MaxLabelBytes = 1024 // of a key or a value
)
