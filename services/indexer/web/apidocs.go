package web

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// apiPage describes the API to people, as its OpenAPI document does to programs.
type apiPage struct {
	About  string
	Groups []apiGroup
}

// apiGroup holds the operations with one tag.
type apiGroup struct {
	Name       string
	Operations []apiOperation
}

type apiOperation struct {
	ID, Method, Path, Summary, Description string
	Parameters                             []apiParameter // and the fields of a body in JSON
	Fields                                 []apiParameter // of a response in JSON
	Responses                              []apiResponse
	// SameAs is an operation before this one whose response has the same fields, which are only listed there.
	SameAs *apiOperation
	// Shared are names of parameters that SharedWith, an operation before this one, also has and describes.
	Shared     []string
	SharedWith *apiOperation

	schema string // of a response in JSON, or ""
}

// apiParameter is a parameter of a request, or a field of a body in JSON.
type apiParameter struct {
	Name, Type, Description string
	Required                bool
}

type apiResponse struct{ Status, Types, Description string }

func newAPIPage(document *huma.OpenAPI) apiPage {
	page := apiPage{About: document.Info.Description}
	groups := map[string][]apiOperation{}
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		item := document.Paths[path]
		for _, operation := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if operation != nil {
				tag := strings.Join(operation.Tags, ", ")
				groups[tag] = append(groups[tag], newAPIOperation(document, operation))
			}
		}
	}
	first := map[string]*apiOperation{}
	var before []*apiOperation
	for _, tag := range slices.Sorted(maps.Keys(groups)) {
		for i := range groups[tag] {
			o := &groups[tag][i]
			switch {
			case o.schema == "" || len(o.Fields) == 0:
			case first[o.schema] != nil:
				o.SameAs, o.Fields = first[o.schema], nil
			default:
				first[o.schema] = o
			}
			o.share(before)
			before = append(before, o)
		}
		page.Groups = append(page.Groups, apiGroup{tag, groups[tag]})
	}
	return page
}

func newAPIOperation(document *huma.OpenAPI, from *huma.Operation) apiOperation {
	o := apiOperation{
		ID: from.OperationID, Method: from.Method, Path: from.Path, Summary: from.Summary, Description: from.Description,
	}
	for _, p := range from.Parameters {
		description := p.Description
		if description == "" && p.Schema != nil {
			description = p.Schema.Description
		}
		o.Parameters = append(o.Parameters, apiParameter{p.Name, typeOf(p.Schema), description, p.Required})
	}
	if body := from.RequestBody; body != nil && body.Content["application/json"] != nil {
		o.Parameters = append(o.Parameters, fieldsOf(document, body.Content["application/json"].Schema)...)
	}
	var problems []string
	for _, status := range slices.Sorted(maps.Keys(from.Responses)) {
		response := from.Responses[status]
		types := slices.Sorted(maps.Keys(response.Content))
		if slices.Equal(types, []string{problemType}) {
			problems = append(problems, status)
			continue
		}
		one := apiResponse{status, strings.Join(types, ", "), response.Description}
		if code, err := strconv.Atoi(status); err == nil && one.Types != "" && one.Description == http.StatusText(code) {
			one.Types, one.Description = "", one.Types // the number says the same
		}
		o.Responses = append(o.Responses, one)
		if json := response.Content["application/json"]; json != nil && strings.HasPrefix(status, "2") {
			o.Fields, o.schema = fieldsOf(document, json.Schema), refOf(json.Schema)
		}
	}
	if len(problems) > 0 {
		o.Responses = append(o.Responses, apiResponse{strings.Join(problems, ", "), "", "Errors"})
	}
	return o
}

// minShared is the smallest size of descriptions that are worth a reference to another operation, in bytes.
const minShared = 120

// share moves the parameters that one of the operations before o describes from o.Parameters to o.Shared.
func (o *apiOperation) share(before []*apiOperation) {
	most := minShared
	for _, other := range before {
		var names []string
		size := 0
		for _, p := range o.Parameters {
			if slices.Contains(other.Parameters, p) {
				names, size = append(names, p.Name), size+len(p.Description)
			}
		}
		if size > most {
			o.Shared, o.SharedWith, most = names, other, size
		}
	}
	o.Parameters = slices.DeleteFunc(o.Parameters, func(p apiParameter) bool {
		return o.SharedWith != nil && slices.Contains(o.SharedWith.Parameters, p)
	})
}

// problemType is the content type of errors.
const problemType = "application/problem+json"

// refOf returns the reference to the schema of an object, or of the objects in an array.
func refOf(schema *huma.Schema) string {
	if schema != nil && schema.Items != nil {
		schema = schema.Items
	}
	if schema == nil {
		return ""
	}
	return schema.Ref
}

// fieldsOf lists the fields of an object, or of the objects in an array. If an object is one of several kinds, it lists
// those of the first.
func fieldsOf(document *huma.OpenAPI, schema *huma.Schema) []apiParameter {
	if schema != nil && schema.Items != nil {
		schema = schema.Items
	}
	if schema != nil && len(schema.OneOf) > 0 {
		schema = schema.OneOf[0]
	}
	if schema != nil && schema.Ref != "" {
		schema = document.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	if schema == nil {
		return nil
	}
	var fields []apiParameter
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name]
		fields = append(fields, apiParameter{
			Name: name, Type: typeOf(property), Description: property.Description,
			Required: slices.Contains(schema.Required, name),
		})
	}
	return fields
}

// typeOf describes the values that a schema allows.
func typeOf(schema *huma.Schema) string {
	if schema == nil {
		return ""
	}
	if schema.Ref != "" {
		return schema.Ref[strings.LastIndexByte(schema.Ref, '/')+1:]
	}
	text := cmp.Or(schema.Format, schema.Type)
	if schema.Items != nil {
		text = "list of " + typeOf(schema.Items)
	}
	if len(schema.Enum) > 0 {
		var values []string
		for _, value := range schema.Enum {
			values = append(values, fmt.Sprint(value))
		}
		text = strings.Join(values, ", ")
	}
	if schema.Minimum != nil && schema.Maximum != nil {
		text += fmt.Sprintf(" from %g to %g", *schema.Minimum, *schema.Maximum)
	}
	if schema.Default != nil {
		text += fmt.Sprintf("; default %v", schema.Default)
	}
	return text
}

func (s *site) apiDocs(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "api", "API", s.api)
}
