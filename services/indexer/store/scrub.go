package store

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// scrubbed returns the message with all its strings storable. Invalid UTF-8,
// which protobuf cannot encode, becomes U+FFFD. NUL bytes, which PostgreSQL
// cannot store, are removed. The given message is not modified.
func scrubbed[M proto.Message](message M) M {
	if !isDirty(message.ProtoReflect()) {
		return message
	}
	clone := proto.Clone(message).(M)
	scrub(clone.ProtoReflect())
	return clone
}

// CleanText returns a string that can be stored: invalid UTF-8 becomes U+FFFD, and NUL
// bytes, which PostgreSQL cannot store, are removed.
func CleanText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// cleanTexts returns the texts as CleanText does.
func cleanTexts(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = CleanText(text)
	}
	return all
}

func isDirtyText(s string) bool {
	return strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s)
}

func isDirty(message protoreflect.Message) bool {
	dirty := false
	check := func(kind protoreflect.Kind, v protoreflect.Value) {
		switch kind {
		case protoreflect.StringKind:
			dirty = dirty || isDirtyText(v.String())
		case protoreflect.MessageKind:
			dirty = dirty || isDirty(v.Message())
		}
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap():
			value.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
				check(field.MapKey().Kind(), key.Value())
				check(field.MapValue().Kind(), v)
				return !dirty
			})
		case field.IsList():
			for i := range value.List().Len() {
				check(field.Kind(), value.List().Get(i))
			}
		default:
			check(field.Kind(), value)
		}
		return !dirty
	})
	return dirty
}

func scrub(message protoreflect.Message) {
	clean := func(kind protoreflect.Kind, v protoreflect.Value) protoreflect.Value {
		switch kind {
		case protoreflect.StringKind:
			return protoreflect.ValueOfString(CleanText(v.String()))
		case protoreflect.MessageKind:
			scrub(v.Message())
		}
		return v
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap():
			entries := message.NewField(field).Map()
			value.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
				entries.Set(clean(field.MapKey().Kind(), key.Value()).MapKey(), clean(field.MapValue().Kind(), v))
				return true
			})
			message.Set(field, protoreflect.ValueOfMap(entries))
		case field.IsList():
			for i := range value.List().Len() {
				value.List().Set(i, clean(field.Kind(), value.List().Get(i)))
			}
		default:
			message.Set(field, clean(field.Kind(), value))
		}
		return true
	})
}
