package api

import (
	"reflect"
	"testing"
)

// TestEveryFilterIsInLinks gives each filter a value. Links to other pages and feeds must
// have all of them.
func TestEveryFilterIsInLinks(t *testing.T) {
	var want Filters
	fields := reflect.ValueOf(&want).Elem()
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Tag.Get("query")
		switch field := fields.Field(i); field.Kind() {
		case reflect.String:
			field.SetString("a " + name)
		case reflect.Slice:
			field.Set(reflect.ValueOf([]string{"one " + name, "two"}))
		default:
			t.Fatalf("the test has no value for %s", name)
		}
	}
	want.Order, want.From = "rank", "" // from is the former name of since
	if got := FiltersOf(want.Values()); !reflect.DeepEqual(got, want) {
		t.Errorf("a link has the filters\n%+v, want\n%+v", got, want)
	}
}
