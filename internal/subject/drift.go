package subject

import (
	"strconv"
	"strings"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Patterns of keys in BucketDrift.
const (
	AllDriftAlarms  = alarms + ">"
	AllDriftSamples = samples + ">"
)

// DriftRules is the key in BucketDrift of the rules for sites that the extractors follow.
const DriftRules = "rules"

// First tokens of the keys in BucketDrift.
const (
	alarms    = "alarms."
	samples   = "samples."
	baselines = "habits."
)

// DriftBaselines returns the key of one shard of the baselines of all hosts.
func DriftBaselines(shard int) string { return baselines + strconv.Itoa(shard) }

// DriftAlarm returns the key of a host's alarm for a signal.
func DriftAlarm(host string, s datelinev1.DriftSignal) string {
	return alarms + host + "." + DriftSignalName(s)
}

// DriftSample returns the key of the n-th sample page of a host's alarm.
func DriftSample(host string, s datelinev1.DriftSignal, n int) string {
	return samples + host + "." + DriftSignalName(s) + "." + strconv.Itoa(n)
}

// DriftSamplesHost returns the pattern that matches the keys of a host's samples.
func DriftSamplesHost(host string) string { return samples + host + ".>" }

// DriftSampleName returns the part of a sample's key that identifies it among
// the samples, for use as a file name.
func DriftSampleName(key string) string { return strings.TrimPrefix(key, samples) }

// DriftSignalName returns the token of a drift signal in metrics and keys.
func DriftSignalName(s datelinev1.DriftSignal) string { return enumToken(s.String(), "DRIFT_SIGNAL_") }
