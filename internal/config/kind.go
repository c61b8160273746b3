package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// kind is a type of settings.
type kind struct {
	// name is the type's name for people.
	name string
	// want completes the sentence that refuses a value.
	want string
	// set parses text into a field of this type.
	set func(field reflect.Value, text string) error
	// format returns the value of a field as text that set accepts.
	format func(field reflect.Value) string
}

var (
	durations = kind{"duration", "a duration such as 30s", setDuration, formatDurationField}
	lists     = kind{"list", "a list", setList, formatList}
	sizes     = kind{"size", "a size such as 256MiB", setSize, formatSizeField}
	integers  = kind{"number", "a whole number", setInteger, formatPlain}
	decimals  = kind{"decimal", "a decimal number such as 0.5", setDecimal, formatPlain}
	switches  = kind{"yes/no", "yes or no", setSwitch, formatPlain}
	texts     = kind{"text", "text", setText, formatPlain}
)

// kindOf returns the kind of a field. It panics if the type is not supported.
func kindOf(field reflect.StructField) kind {
	size := field.Tag.Get("unit") == "bytes"
	switch reflect.Zero(field.Type).Interface().(type) {
	case time.Duration:
		return durations
	case []string:
		return lists
	}
	switch field.Type.Kind() {
	case reflect.Int, reflect.Int64:
		if size {
			return sizes
		}
		return integers
	case reflect.Float64:
		return decimals
	case reflect.Bool:
		return switches
	case reflect.String:
		return texts
	}
	panic(fmt.Sprintf("the setting %s has the unsupported type %s", field.Name, field.Type))
}

func formatPlain(field reflect.Value) string { return fmt.Sprint(field.Interface()) }

func setText(field reflect.Value, text string) error {
	field.SetString(text)
	return nil
}

func setDuration(field reflect.Value, text string) error {
	d, err := time.ParseDuration(text)
	if err == nil {
		field.SetInt(int64(d))
	}
	return err
}

func formatDurationField(field reflect.Value) string {
	return FormatDuration(time.Duration(field.Int()))
}

// FormatDuration returns a duration as a setting or flag shows it: 10m instead of 10m0s.
func FormatDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func setInteger(field reflect.Value, text string) error {
	n, err := strconv.ParseInt(text, 10, field.Type().Bits())
	if err == nil {
		field.SetInt(n)
	}
	return err
}

func setDecimal(field reflect.Value, text string) error {
	x, err := strconv.ParseFloat(text, 64)
	if err == nil {
		field.SetFloat(x)
	}
	return err
}

func setSwitch(field reflect.Value, text string) error {
	switch strings.ToLower(text) {
	case "yes", "true", "on", "1":
		field.SetBool(true)
	case "no", "false", "off", "0":
		field.SetBool(false)
	default:
		return fmt.Errorf("%q is neither yes nor no", text)
	}
	return nil
}

// setList splits text at commas and ignores empty items.
func setList(field reflect.Value, text string) error {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	field.Set(reflect.ValueOf(list))
	return nil
}

func formatList(field reflect.Value) string { return strings.Join(field.Interface().([]string), ",") }

func setSize(field reflect.Value, text string) error {
	n, err := parseSize(text)
	if err != nil {
		return err
	}
	if field.OverflowInt(n) {
		return fmt.Errorf("%q is too large", text)
	}
	field.SetInt(n)
	return nil
}

func formatSizeField(field reflect.Value) string { return formatSize(field.Int()) }
