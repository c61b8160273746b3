// Package subject names the subjects, streams, consumers and buckets through
// which the stages talk to each other. No other package spells one of them.
//
// A host appears in a subject with its labels reversed (com.example.www, see
// weburl.URL.SubjectHost), so that a consumer can filter by site or by domain.
package subject

import (
	"strconv"
	"strings"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// The subject that users publish URLs to, and the patterns that match all
// subjects of a stream.
const (
	URLs         = "urls"
	AllURLs      = "urls.>"
	AllFrontier  = "frontier.*.>"
	AllPages     = "pages.>"
	AllListings  = "listings.>"
	AllExchanges = "exchanges.>"
	AllArticles  = "articles.>"
	AllRevisions = "revisions.>"
	AllOutcomes  = "outcomes.*.*"
	AllDead      = "dead.*.*"
)

// TryDiscovery is the subject of requests to the discoverer to try a site: see package trial.
// Messages on it are not stored.
const TryDiscovery = "discover.try"

// TrialPages returns the subject on which the replicas of the discoverer pass the responses of a
// trial to the one that runs it. Messages on it are not stored.
func TrialPages(trial string) string { return "discover.pages." + trial }

// TestDelivery is the subject of requests to the notifier to send a sample: see package sample. Messages on it are not
// stored.
const TestDelivery = "notify.test"

// Deliveries is the start of the subjects that subscriptions may publish to. The NATS user of the notifier may publish
// to these and no others.
const Deliveries = "deliveries."

// First tokens of the subjects.
const (
	pages     = "pages."
	listings  = "listings."
	exchanges = "exchanges."
	articles  = "articles."
	revisions = "revisions."
	frontier  = "frontier."
	outcomes  = "outcomes."
	dead      = "dead."
)

// Partitions is the number of partitions of the frontier. It is part of the
// stored format: the partition is a token of every frontier subject.
const Partitions = 64

// The lanes of a host's queue in the frontier, as subjects name them.
const (
	LaneFresh    = "fresh"
	LaneBackfill = "backfill"
)

// Frontier returns the subject of one lane of a host's queue.
func Frontier(partition int, lane, host string) string {
	return frontier + strconv.Itoa(partition) + "." + lane + "." + host
}

// FrontierPartition returns the pattern that matches every queue of a partition.
func FrontierPartition(partition int) string {
	return frontier + strconv.Itoa(partition) + ".>"
}

// FrontierHost returns the pattern that matches every lane of a host's queue.
func FrontierHost(host string) string { return frontier + "*.*." + host }

// Queue is a parsed frontier subject.
type Queue struct {
	Partition  int
	Lane, Host string
}

// ParseFrontier splits a frontier subject into its parts. It reports whether the
// subject has the tokens of a frontier subject and a partition within Partitions. It
// does not check the lane.
func ParseFrontier(subject string) (Queue, bool) {
	rest, ok := strings.CutPrefix(subject, frontier)
	parts := strings.SplitN(rest, ".", 3)
	if !ok || len(parts) != 3 {
		return Queue{}, false
	}
	partition, err := strconv.Atoi(parts[0])
	if err != nil || partition < 0 || partition >= Partitions {
		return Queue{}, false
	}
	return Queue{Partition: partition, Lane: parts[1], Host: parts[2]}, true
}

// IsInput reports whether a stage reads messages with a subject. The subject may come
// from an untrusted message.
func IsInput(stage datelinev1.Stage, subject string) bool {
	if !isLiteral(subject) {
		return false
	}
	switch stage {
	case datelinev1.Stage_STAGE_INTAKE:
		return subject == URLs || strings.HasPrefix(subject, URLs+".")
	case datelinev1.Stage_STAGE_FETCH:
		queue, ok := ParseFrontier(subject)
		return ok && (queue.Lane == LaneFresh || queue.Lane == LaneBackfill)
	case datelinev1.Stage_STAGE_EXTRACT:
		return strings.HasPrefix(subject, pages)
	case datelinev1.Stage_STAGE_ARCHIVE:
		return strings.HasPrefix(subject, pages) || strings.HasPrefix(subject, exchanges)
	case datelinev1.Stage_STAGE_DISCOVER:
		return strings.HasPrefix(subject, listings) && strings.Count(subject, ".") > 1
	case datelinev1.Stage_STAGE_INDEX:
		return strings.HasPrefix(subject, articles) && strings.Count(subject, ".") > 1
	}
	return false
}

// maxSubject is the maximum length of a subject in bytes. A host takes at most 253
// (RFC 1035, section 2.3.4); the rest is room for the other tokens and a port.
const maxSubject = 512

// isLiteral reports whether messages can be published to a subject: whether it is
// short and its tokens are not empty and contain no wildcard, space or control
// character.
func isLiteral(subject string) bool {
	if len(subject) > maxSubject || strings.ContainsFunc(subject, notInToken) {
		return false
	}
	for token := range strings.SplitSeq(subject, ".") {
		if token == "" {
			return false
		}
	}
	return true
}

// IsForUsers reports whether users may have messages published to a subject: whether it begins with Deliveries and has
// no wildcards.
func IsForUsers(subject string) bool {
	return strings.HasPrefix(subject, Deliveries) && isLiteral(subject)
}

// notInToken reports whether a character cannot be part of a subject's token.
func notInToken(r rune) bool { return r <= ' ' || r == 0x7f || r == '*' || r == '>' }

// Pages returns the subject of a host's pages.
func Pages(host string) string { return pages + host }

// Exchanges returns the subject of a host's exchanges that are not pages.
func Exchanges(host string) string { return exchanges + host }

// Listings returns the subject of the responses of a host's endpoints that were fetched
// for a purpose.
func Listings(purpose datelinev1.Purpose, host string) string {
	return listings + PurposeName(purpose) + "." + host
}

// IsListing reports whether a response for a purpose is read by the discoverer instead
// of the extractor.
func IsListing(purpose datelinev1.Purpose) bool { return purpose > datelinev1.Purpose_PURPOSE_ARTICLE }

// undetermined is the language of an article whose language is unknown (ISO 639-2).
const undetermined = "und"

// Articles returns the subject of a host's articles in a language. Anything but
// a language tag counts as an undetermined language.
func Articles(language, host string) string { return articles + languageToken(language) + "." + host }

// ArticlesHost returns the pattern that matches a host's articles in every language.
func ArticlesHost(host string) string { return articles + "*." + host }

// Revisions returns the subject that a revision of an article is announced on.
func Revisions(change datelinev1.RevisionChange, language, host string) string {
	return revisions + ChangeName(change) + "." + languageToken(language) + "." + host
}

// RevisionsHost returns the pattern that matches every revision of a host's articles.
func RevisionsHost(host string) string { return revisions + "*.*." + host }

// maxLanguage is the maximum length of a language tag that is used in a subject, in
// bytes (RFC 5646, section 4.4.1).
const maxLanguage = 35

func languageToken(language string) string {
	if language == "" || len(language) > maxLanguage || strings.ContainsFunc(language, notInLanguageTag) {
		return undetermined
	}
	return strings.ToLower(language)
}

// notInLanguageTag reports whether a character cannot be part of a language tag
// (RFC 5646, section 2.1). Such a character could also split a subject's token.
func notInLanguageTag(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	digit := r >= '0' && r <= '9'
	return !letter && !digit && r != '-'
}

// Outcomes returns the subject of a stage's outcomes with a verdict.
func Outcomes(stage datelinev1.Stage, verdict datelinev1.Verdict) string {
	return outcomes + StageName(stage) + "." + VerdictName(verdict)
}

// Dead returns the subject of a stage's dead letters with a reason, which is a
// single token.
func Dead(stage datelinev1.Stage, reason string) string {
	return DeadOf(StageName(stage), reason)
}

// DeadOf is like Dead, but with the name of the stage. "*" stands for all stages or
// all reasons.
func DeadOf(stage, reason string) string { return dead + stage + "." + reason }

// ParseDead splits a dead letter's subject into stage and reason, and reports
// whether it is one.
func ParseDead(subject string) (stage, reason string, ok bool) {
	rest, ok := strings.CutPrefix(subject, dead)
	if !ok {
		return "", "", false
	}
	stage, reason, ok = strings.Cut(rest, ".")
	return stage, reason, ok && stage != "" && reason != "" && !strings.Contains(reason, ".")
}

// StageName returns the token of a stage in subjects, metrics and messages.
func StageName(s datelinev1.Stage) string { return enumToken(s.String(), "STAGE_") }

// VerdictName returns the token of a verdict in subjects, metrics and messages.
func VerdictName(v datelinev1.Verdict) string { return enumToken(v.String(), "VERDICT_") }

// PurposeName returns the token of a purpose in subjects and messages.
func PurposeName(p datelinev1.Purpose) string { return enumToken(p.String(), "PURPOSE_") }

// ChangeName returns the token of a revision's change in subjects and messages.
func ChangeName(c datelinev1.RevisionChange) string { return enumToken(c.String(), "REVISION_CHANGE_") }

// IsReplay reports whether a change is that of a record that was extracted again, or
// restored: the publisher changed nothing.
func IsReplay(c datelinev1.RevisionChange) bool {
	return c == datelinev1.RevisionChange_REVISION_CHANGE_EXTRACTED_AGAIN ||
		c == datelinev1.RevisionChange_REVISION_CHANGE_RESTORED
}

func enumToken(name, prefix string) string {
	return strings.ToLower(strings.TrimPrefix(name, prefix))
}
