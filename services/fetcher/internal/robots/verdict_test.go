package robots

import (
	"bytes"
	"reflect"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// TestJudge has a row for each kind of response in RFC 9309, section 2.3.1.
func TestJudge(t *testing.T) {
	file := []byte("User-agent: *\nDisallow: /private\n")
	tests := []struct {
		name    string
		fetch   Fetch
		access  Access
		expires time.Duration
		private bool // whether /private is allowed
		public  bool // whether /public is allowed
	}{
		{"2.3.1.1 success", Fetch{Status: 200, Body: file}, ByRules, Lifetime, false, true},
		{"2.3.1.1 success without content", Fetch{Status: 204}, ByRules, Lifetime, true, true},
		{"2.3.1.2 endless redirects", Fetch{Status: 302}, AllowAll, Lifetime, true, true},
		{"2.3.1.3 not found", Fetch{Status: 404}, AllowAll, Lifetime, true, true},
		{"2.3.1.3 gone", Fetch{Status: 410}, AllowAll, Lifetime, true, true},
		{"2.3.1.3 forbidden", Fetch{Status: 403, Body: file}, AllowAll, Lifetime, true, true},
		{"too many requests", Fetch{Status: 429}, DisallowAll, Recheck, false, false},
		{
			"too many requests, Retry-After in range", Fetch{Status: 429, RetryAfter: 20 * time.Minute},
			DisallowAll, 20 * time.Minute, false, false,
		},
		{
			"too many requests, Retry-After too long", Fetch{Status: 429, RetryAfter: 1000 * time.Hour},
			DisallowAll, MaxRecheck, false, false,
		},
		{
			"too many requests, Retry-After too short", Fetch{Status: 429, RetryAfter: time.Second},
			DisallowAll, Recheck, false, false,
		},
		{"2.3.1.4 server error", Fetch{Status: 503}, DisallowAll, Recheck, false, false},
		{"2.3.1.4 invalid status", Fetch{Status: 999}, DisallowAll, Recheck, false, false},
		{"2.3.1.4 no response", Fetch{}, DisallowAll, Recheck, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.fetch.Time = now
			verdict := Judge(test.fetch, nil)
			if verdict.Access != test.access || verdict.Expires != now.Add(test.expires) ||
				verdict.Status != test.fetch.Status {
				t.Errorf("verdict is %+v", verdict)
			}
			rules := verdict.Rules()
			if got, _ := rules.Allowed("ExampleBot", "/private"); got != test.private {
				t.Errorf("/private: allowed is %v, want %v", got, test.private)
			}
			if got, _ := rules.Allowed("ExampleBot", "/public"); got != test.public {
				t.Errorf("/public: allowed is %v, want %v", got, test.public)
			}
		})
	}
}

func TestRulesApplyWhileTheSiteIsDown(t *testing.T) {
	v := Judge(Fetch{Status: 200, Body: []byte("User-agent: *\nDisallow: /private\n"), Time: now}, nil)
	at := v.Expires
	var pauses []time.Duration
	for range 6 {
		v = Judge(Fetch{Status: 500, Time: at}, &v)
		if v.Access != ByRules || v.FetchedAt != now {
			t.Fatalf("while the site is down the verdict is %+v", v)
		}
		if allowed, _ := v.Rules().Allowed("a", "/public"); !allowed {
			t.Fatal("the old rules were lost")
		}
		pauses = append(pauses, v.Expires.Sub(at))
		at = v.Expires
	}
	want := []time.Duration{Recheck, 2 * Recheck, 4 * Recheck, 8 * Recheck, MaxRecheck, MaxRecheck}
	if !reflect.DeepEqual(pauses, want) {
		t.Errorf("pauses are %v, want %v", pauses, want)
	}
	late := Judge(Fetch{Time: now.Add(MaxStale)}, &v)
	if late.Access != DisallowAll || late.Body != nil {
		t.Errorf("rules older than %v still apply: %+v", MaxStale, late)
	}
	back := Judge(Fetch{Status: 404, Time: at}, &v)
	if back.Access != AllowAll || back.Failures != 0 || back.Body != nil {
		t.Errorf("after the site came back the verdict is %+v", back)
	}
	down := Judge(Fetch{Time: at}, &back)
	if down.Access != AllowAll {
		t.Errorf("after a site without robots.txt went down the verdict is %+v", down)
	}
	for range 100 {
		down = Judge(Fetch{Time: at}, &down)
	}
	if down.Expires != at.Add(MaxRecheck) {
		t.Errorf("after many failures the verdict expires after %v, want %v", down.Expires.Sub(at), MaxRecheck)
	}
}

func TestVerdictEncoding(t *testing.T) {
	huge := bytes.Repeat([]byte("# nothing\n"), 100_000)
	for name, v := range map[string]Verdict{
		"rules":       Judge(Fetch{Status: 200, Body: []byte("User-agent: *\nDisallow: /\n"), Time: now}, nil),
		"empty rules": Judge(Fetch{Status: 200, Time: now}, nil),
		"allow all":   Judge(Fetch{Status: 404, Time: now}, nil),
		"no response": Judge(Fetch{Time: now}, nil),
		"huge":        Judge(Fetch{Status: 200, Body: huge, Time: now}, nil),
	} {
		data, err := v.MarshalBinary()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(data) > MaxSize+64 || len(data) > 512<<10 {
			t.Errorf("%s: encoding has %d bytes", name, len(data))
		}
		var back Verdict
		if err := back.UnmarshalBinary(data); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if back.Access != v.Access || back.Status != v.Status || back.Failures != v.Failures ||
			!bytes.Equal(back.Body, v.Body) || !back.FetchedAt.Equal(v.FetchedAt) ||
			!back.Expires.Equal(v.Expires) || back.FetchedAt.IsZero() != v.FetchedAt.IsZero() {
			t.Errorf("%s: decoded as %+v", name, back)
		}
	}
	if _, err := (Verdict{Access: ByRules, Body: make([]byte, MaxSize+1)}).MarshalBinary(); err == nil {
		t.Error("a body above the limit was encoded")
	}
}

func TestDamagedVerdictsAreRefused(t *testing.T) {
	whole, err := Judge(Fetch{Status: 404, Time: now}, nil).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := new(Verdict).UnmarshalBinary(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were accepted", n, len(whole))
		}
	}
	for name, data := range map[string][]byte{
		"newer version":  append([]byte{2}, whole[1:]...),
		"unknown access": append([]byte{1, 9}, whole[2:]...),
		"huge body":      append(bytes.Clone(whole), make([]byte, MaxSize+1)...),
	} {
		if err := new(Verdict).UnmarshalBinary(data); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
