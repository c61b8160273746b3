package subject

import (
	"strconv"
	"strings"
)

// First tokens of the keys in BucketLeases.
const (
	replicas   = "replica."
	partitions = "partition."
)

// AllPartitionLeases is the pattern that matches the leases of partitions.
const AllPartitionLeases = partitions + ">"

// AllReplicaLeases is the pattern that matches the keys of replicas.
const AllReplicaLeases = replicas + ">"

// ReplicaLease returns the key by which a replica announces that it is alive.
func ReplicaLease(replica string) string { return replicas + replica }

// PartitionLease returns the key of a partition's lease.
func PartitionLease(partition int) string { return partitions + strconv.Itoa(partition) }

// ParseReplicaLease returns the replica of a key, and reports whether it is the key
// of a replica.
func ParseReplicaLease(key string) (replica string, ok bool) { return strings.CutPrefix(key, replicas) }

// ParsePartitionLease returns the partition of a key, and reports whether it is the
// key of a partition's lease.
func ParsePartitionLease(key string) (partition int, ok bool) {
	text, ok := strings.CutPrefix(key, partitions)
	if !ok {
		return 0, false
	}
	partition, err := strconv.Atoi(text)
	return partition, err == nil && partition >= 0 && partition < Partitions
}
