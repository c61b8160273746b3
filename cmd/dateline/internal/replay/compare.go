package replay

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// The fields that people look at first. Every other field of a record has its own name.
const (
	// FieldRefused and FieldAccepted mean that the page has no article any more, and that it
	// has one now.
	FieldRefused  = "refused now"
	FieldAccepted = "accepted now"
	FieldTitle    = "title"
	// FieldDate means that the date moved by more than a day, appeared or vanished.
	FieldDate     = "date"
	FieldAuthors  = "authors"
	FieldLanguage = "language"
	// FieldGained and FieldLost mean that more than a twentieth of the words was added or
	// lost. FieldText is a smaller difference.
	FieldGained = "text gained"
	FieldLost   = "text lost"
	FieldText   = "text"
)

// mainFields are the fields in the order in which they are reported.
var mainFields = []string{
	FieldRefused, FieldAccepted, FieldTitle, FieldDate, FieldAuthors, FieldLanguage, FieldGained, FieldLost, FieldText,
}

// Difference is a field of a record that differs.
type Difference struct {
	Field string `json:"field"`
	// Before and After are the values, or for a text its lines that differ, up to
	// maxSampleBytes.
	Before string `json:"before"`
	After  string `json:"after"`
}

const (
	// maxMoved is the distance from which on a date has moved.
	maxMoved = 24 * time.Hour
	// maxTextShare is the share of the words that may be added or lost in a small difference.
	maxTextShare = 0.05
	// maxSampleBytes is the maximum length of a value in a difference.
	maxSampleBytes = 600
)

// bookkeeping are the fields that say how and when a record was made, or what follows from
// the canonical URL.
var bookkeeping = []protoreflect.Name{"id", "host", "extractor_version", "extract_time", "raw_page", "replay"}

// derived are the fields that follow from the headline and the text.
var derived = []protoreflect.Name{"content_hash", "first_page_hash", "word_count", "reading_time_minutes", "body"}

// Compare returns the fields in which the record of a page differs from an earlier one. It
// ignores the fields that only say how and when a record was made.
func Compare(before, after *datelinev1.Article) []Difference {
	var all []Difference
	add := func(field, was, is string) { all = append(all, Difference{field, sample(was), sample(is)}) }
	textDiffers := before.GetText() != after.GetText()
	contentDiffers := textDiffers || before.GetTitle() != after.GetTitle()
	a, b := before.ProtoReflect(), after.ProtoReflect()
	fields := a.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		name := field.Name()
		if slices.Contains(bookkeeping, name) || contentDiffers && slices.Contains(derived, name) {
			continue
		}
		if a.Has(field) == b.Has(field) && a.Get(field).Equal(b.Get(field)) {
			continue
		}
		switch name {
		case "text":
			was, is := differingLines(before.GetText(), after.GetText())
			add(textField(before.GetText(), after.GetText()), was, is)
		case "published":
			name := string(name)
			if moved(before.GetPublished(), after.GetPublished()) {
				name = FieldDate
			}
			add(name, dateText(before.GetPublished()), dateText(after.GetPublished()))
		case "authors":
			add(FieldAuthors, authorsText(before), authorsText(after))
		default:
			add(string(name), valueText(a, field), valueText(b, field))
		}
	}
	return all
}

// textField returns the field for the difference of two texts. A text that gained and lost
// much counts as the larger of both.
func textField(before, after string) string {
	counts := map[string]int{}
	total := 0
	for word := range strings.FieldsSeq(before) {
		counts[word]++
		total++
	}
	gained := 0
	for word := range strings.FieldsSeq(after) {
		if counts[word]--; counts[word] < 0 {
			gained++
		}
	}
	lost := 0
	for _, n := range counts {
		lost += max(n, 0)
	}
	limit := maxTextShare * float64(total)
	switch {
	case float64(lost) > limit && lost >= gained:
		return FieldLost
	case float64(gained) > limit:
		return FieldGained
	}
	return FieldText
}

// differingLines returns the lines of each text that the other one lacks.
func differingLines(before, after string) (was, is string) {
	only := func(text, other string) string {
		known := map[string]bool{}
		for line := range strings.Lines(other) {
			known[strings.TrimSpace(line)] = true
		}
		var b strings.Builder
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && !known[line] {
				b.WriteString(line + "\n")
			}
		}
		return strings.TrimSuffix(b.String(), "\n")
	}
	return only(before, after), only(after, before)
}

// moved reports whether a date moved by more than a day, appeared or vanished.
func moved(before, after *datelinev1.PublicationTime) bool {
	if before.GetValue() == nil || after.GetValue() == nil {
		return before.GetValue() != after.GetValue()
	}
	return before.GetValue().AsTime().Sub(after.GetValue().AsTime()).Abs() > maxMoved
}

func dateText(t *datelinev1.PublicationTime) string {
	if t.GetValue() == nil {
		return ""
	}
	at := t.GetValue().AsTime()
	if t.GetPrecision() == datelinev1.TimePrecision_TIME_PRECISION_DAY {
		return at.Format(time.DateOnly)
	}
	if t.UtcOffsetMinutes != nil {
		const minute = 60
		at = at.In(time.FixedZone("", int(t.GetUtcOffsetMinutes())*minute))
	}
	return at.Format(time.RFC3339)
}

func authorsText(a *datelinev1.Article) string { return strings.Join(authorNames(a), ", ") }

// valueText returns the value of a field in a readable form.
func valueText(m protoreflect.Message, field protoreflect.FieldDescriptor) string {
	if !m.Has(field) {
		return ""
	}
	switch value := m.Get(field); {
	case field.IsList():
		list := value.List()
		all := make([]string, list.Len())
		for i := range all {
			all[i] = singleText(field, list.Get(i))
		}
		return strings.Join(all, "\n")
	case field.IsMap():
		var all []string
		value.Map().Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
			all = append(all, key.String()+": "+singleText(field.MapValue(), value))
			return true
		})
		slices.Sort(all)
		return strings.Join(all, "\n")
	default:
		return singleText(field, value)
	}
}

// singleText returns a single value of a field, of a list or of a map in a readable form.
func singleText(field protoreflect.FieldDescriptor, value protoreflect.Value) string {
	switch {
	case field.Enum() != nil:
		if known := field.Enum().Values().ByNumber(value.Enum()); known != nil {
			return string(known.Name())
		}
		return strconv.Itoa(int(value.Enum()))
	case field.Message() != nil:
		return messageText(value.Message())
	}
	return value.String()
}

// messageText returns a message in a readable form: a time as text, and other messages as
// their fields with names, separated by commas.
func messageText(m protoreflect.Message) string {
	switch m := m.Interface().(type) {
	case *timestamppb.Timestamp:
		return m.AsTime().Format(time.RFC3339)
	case *datelinev1.PublicationTime:
		return dateText(m)
	}
	var all []string
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !m.Has(field) {
			continue
		}
		text := strings.ReplaceAll(valueText(m, field), "\n", ", ")
		switch {
		case field.IsList():
			text = "[" + text + "]"
		case field.Message() != nil:
			text = "{" + text + "}"
		}
		all = append(all, string(field.Name())+": "+text)
	}
	return strings.Join(all, ", ")
}

// sample shortens a value for a report.
func sample(text string) string {
	if len(text) <= maxSampleBytes {
		return text
	}
	return strings.ToValidUTF8(text[:maxSampleBytes], "") + " …"
}
