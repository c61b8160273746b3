package store

import (
	"fmt"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// sqliteValues returns the columns' values of a row as SQLite stores them.
func (c columns) sqliteValues(r *articleRow) []any {
	values := make([]any, len(c))
	for i, one := range c {
		values[i] = sqliteValue(one.field(r))
	}
	return values
}

func sqliteValue(field any) any {
	switch f := field.(type) {
	case *string:
		return *f
	case *int:
		return *f
	case *bool:
		return *f
	case *[]byte:
		return nonNil(*f)
	case *datelinev1.Access:
		return int32(*f)
	case *time.Time:
		return f.UnixMicro()
	case **time.Time:
		if *f == nil {
			return nil
		}
		return (*f).UnixMicro()
	}
	panic(fmt.Sprintf("no column of SQLite stores a %T", field))
}

// sqliteTargets returns what to scan the columns of a row into.
func (c columns) sqliteTargets(r *articleRow) []any {
	targets := c.fields(r)
	for i, field := range targets {
		switch f := field.(type) {
		case *time.Time:
			targets[i] = timeTarget{f}
		case **time.Time:
			targets[i] = nullTimeTarget{f}
		}
	}
	return targets
}

// timeTarget scans microseconds since 1970 into a time.
type timeTarget struct{ time *time.Time }

// Scan implements sql.Scanner.
func (t timeTarget) Scan(value any) error {
	micros, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as a %T", value)
	}
	*t.time = fromMicros(micros)
	return nil
}

// nullTimeTarget scans microseconds since 1970, or NULL, into a time.
type nullTimeTarget struct{ time **time.Time }

// Scan implements sql.Scanner.
func (t nullTimeTarget) Scan(value any) error {
	if value == nil {
		*t.time = nil
		return nil
	}
	*t.time = new(time.Time)
	return timeTarget{*t.time}.Scan(value)
}

func fromMicros(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
