package store

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// oneText sets a text in one place of a message at a time, and calls yield: in a field, in a list
// after another text, as a key or a value of a map, or in such a place of a nested message.
func oneText(message protoreflect.Message, text string, depth int, yield func(place string)) {
	const maxDepth = 3
	value := protoreflect.ValueOfString(text)
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		name := string(field.Name())
		isText, isMessage := field.Kind() == protoreflect.StringKind, field.Message() != nil && depth < maxDepth
		switch {
		case field.IsMap():
			entries := message.Mutable(field).Map()
			set := func(key protoreflect.Value, value protoreflect.Value) {
				entries.Set(key.MapKey(), value)
				yield(name)
				entries.Clear(key.MapKey())
			}
			plain := protoreflect.ValueOfString("plain")
			if field.MapValue().Kind() == protoreflect.StringKind {
				set(value, plain)
				set(plain, value)
			} else {
				set(value, entries.NewValue())
			}
		case field.IsList() && isText:
			list := message.Mutable(field).List()
			list.Append(protoreflect.ValueOfString("plain"))
			list.Append(value)
			yield(name)
		case field.IsList() && isMessage:
			list := message.Mutable(field).List()
			list.AppendMutable()
			oneText(list.AppendMutable().Message(), text, depth+1, func(place string) { yield(name + "." + place) })
		case isText:
			message.Set(field, value)
			yield(name)
		case isMessage && !field.IsList():
			oneText(message.Mutable(field).Message(), text, depth+1, func(place string) { yield(name + "." + place) })
		}
		message.Clear(field)
	}
}

// TestEveryTextIsRepaired puts a text that cannot be stored in one place of a record at a time.
func TestEveryTextIsRepaired(t *testing.T) {
	for text, want := range map[string]string{"N\x00UL": "NUL", "broken\xff": "broken\uFFFD"} {
		for _, kind := range []proto.Message{&datelinev1.Article{}, &datelinev1.Outcome{}} {
			var repaired []proto.Message
			oneText(kind.ProtoReflect(), want, 0, func(string) { repaired = append(repaired, proto.Clone(kind)) })
			if len(repaired) < 5 {
				t.Errorf("%T has texts in %d places, want at least 5", kind, len(repaired))
			}
			n := 0
			oneText(kind.ProtoReflect(), text, 0, func(place string) {
				given := proto.Clone(kind)
				if got := scrubbed(given); !proto.Equal(got, repaired[n]) {
					t.Errorf("%q in %s is stored as %v, want %v", text, place, got, repaired[n])
				}
				if !proto.Equal(given, kind) {
					t.Errorf("repairing %s modified the record that was given", place)
				}
				n++
			})
		}
	}
}
