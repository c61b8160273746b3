package forms

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
	"github.com/dateline-news/dateline/services/notifier/forms/formstest"
)

// TestMessagesFollowTheSchema validates a message of each event with the schema in the documentation. The schema
// describes every field that a message can have, and no others.
func TestMessagesFollowTheSchema(t *testing.T) {
	schema := formstest.Schema(t)
	resolved := formstest.Resolve(t, schema)
	full := Event{
		ID: "full-2", Type: TypeChanged, Time: time.Now(), Subscription: "full", ArticleID: "full", Revision: 2,
		Story: "story", Article: &datelinev1.Article{}, Changes: &textdiff.Difference{
			Title: []textdiff.Run{{Kind: textdiff.Same, Text: "A "}, {Kind: textdiff.Added, Text: "title"}},
			Text:  []textdiff.Run{{Kind: textdiff.Removed, Text: "text"}}, Removed: 1,
		},
	}
	fill(full.Article.ProtoReflect(), 4)
	cut, test := full, full
	cut.Article = &datelinev1.Article{Id: "cut", Text: strings.Repeat("x", maxText+1)}
	test.Type, test.Changes = TypeTest, nil
	for _, e := range append(samples(), full, cut, test) {
		message := decoded(t, e)
		if err := resolved.Validate(message); err != nil {
			t.Errorf("%s: %v\n%.2000v", e.Type, err, message)
		}
		message["type"] = map[string]string{TypeErased: TypeNew}[e.Type]
		if resolved.Validate(message) == nil {
			t.Errorf("%s: the schema accepts the type %q", e.Type, message["type"])
		}
	}
	lacking := formstest.Lacking(schema, decoded(t, full))
	if !slices.Equal(lacking, []string{".data.truncated"}) {
		t.Errorf("no message has the fields %v of the schema", lacking)
	}
	unknown := decoded(t, full)
	unknown["data"].(map[string]any)["article"].(map[string]any)["nosuch"] = true //nolint:forcetypeassert // as above
	if resolved.Validate(unknown) == nil {
		t.Error("the schema accepts an unknown field")
	}
}

func decoded(t *testing.T, e Event) (message map[string]any) {
	t.Helper()
	if err := json.Unmarshal(render(t, Dateline, e).Body, &message); err != nil {
		t.Fatal(err)
	}
	return message
}

// fill sets every field of a message, and of the messages in it down to a depth.
func fill(m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		switch f := fields.Get(i); {
		case f.IsMap():
			all := m.Mutable(f).Map()
			all.Set(protoreflect.ValueOfString("key").MapKey(), filled(f.MapValue(), all.NewValue, depth))
		case f.IsList():
			all := m.Mutable(f).List()
			all.Append(filled(f, all.NewElement, depth))
		case f.Message() == nil || depth > 0:
			m.Set(f, filled(f, func() protoreflect.Value { return m.NewField(f) }, depth))
		}
	}
}

// filled returns a value for a field.
func filled(f protoreflect.FieldDescriptor, empty func() protoreflect.Value, depth int) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.MessageKind:
		value := empty()
		fill(value.Message(), depth-1)
		return value
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(f.Enum().Values().Get(1).Number())
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("text")
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(1)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(1)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(1)
	default: // doubles; the protobuf runtime refuses any other kind
		return protoreflect.ValueOfFloat64(1)
	}
}
