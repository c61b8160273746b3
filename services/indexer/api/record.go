package api

import (
	"github.com/danielgtaylor/huma/v2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Record is an article's record in its protobuf JSON encoding, as printed by
// the CLI and written by the export.
type Record struct{ *datelinev1.Article }

var recordJSON = protojson.MarshalOptions{UseProtoNames: true}

// MarshalJSON implements json.Marshaler.
func (r Record) MarshalJSON() ([]byte, error) { return recordJSON.Marshal(r.Article) }

// Schema implements huma.SchemaProvider. It derives the schema from the message
// in proto/dateline/v1/article.proto.
func (r Record) Schema(registry huma.Registry) *huma.Schema {
	return messageSchema(registry, (*datelinev1.Article)(nil).ProtoReflect().Descriptor())
}

// messageSchema returns the schema of a message's JSON encoding
// (https://protobuf.dev/programming-guides/json).
func messageSchema(registry huma.Registry, message protoreflect.MessageDescriptor) *huma.Schema {
	if message.FullName() == "google.protobuf.Timestamp" {
		return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	}
	name := string(message.Name())
	reference := &huma.Schema{Ref: "#/components/schemas/" + name}
	if registry.Map()[name] != nil {
		return reference
	}
	s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: true,
		Description: "See proto/dateline/v1/article.proto. Unknown fields are absent."}
	registry.Map()[name] = s
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		s.Properties[string(field.Name())] = fieldSchema(registry, field)
	}
	return reference
}

func fieldSchema(registry huma.Registry, field protoreflect.FieldDescriptor) *huma.Schema {
	switch {
	case field.IsMap():
		return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: valueSchema(registry, field.MapValue())}
	case field.IsList():
		return &huma.Schema{Type: huma.TypeArray, Items: valueSchema(registry, field)}
	}
	return valueSchema(registry, field)
}

func valueSchema(registry huma.Registry, field protoreflect.FieldDescriptor) *huma.Schema {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return messageSchema(registry, field.Message())
	case protoreflect.EnumKind:
		s := &huma.Schema{Type: huma.TypeString}
		for i := range field.Enum().Values().Len() {
			s.Enum = append(s.Enum, string(field.Enum().Values().Get(i).Name()))
		}
		return s
	case protoreflect.BoolKind:
		return &huma.Schema{Type: huma.TypeBoolean}
	case protoreflect.Int32Kind:
		return &huma.Schema{Type: huma.TypeInteger, Format: "int32"}
	case protoreflect.DoubleKind:
		return &huma.Schema{Type: huma.TypeNumber, Format: "double"}
	}
	return &huma.Schema{Type: huma.TypeString} // strings and 64-bit integers
}
