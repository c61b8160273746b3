package contender

import (
	"flag"
	"testing"
	"time"
)

func TestArgsReproduceSettings(t *testing.T) {
	want := Settings{
		Pages: 1, Hosts: 2, InFlight: 3, Latency: 4 * time.Millisecond, Web: "5", NATS: "nats://127.0.0.1:6#7",
		TLS: true, Close: true, FullHandshakes: true, Slow: 8, Watch: true, Soak: 9 * time.Minute,
	}
	var got Settings
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	got.Register(flags)
	if err := flags.Parse(want.Args()); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if url, pid := got.NATSServer(); url != "nats://127.0.0.1:6" || pid != "7" {
		t.Errorf("NATSServer returned %q, %q", url, pid)
	}
}

func TestURL(t *testing.T) {
	s := Settings{Hosts: 100_000, Web: "8080"}
	for page, want := range map[int]string{
		0:       "http://127.1.0.1:8080/news/0",
		249:     "http://127.1.0.250:8080/news/249",
		250:     "http://127.1.1.1:8080/news/250",
		62_500:  "http://127.2.0.1:8080/news/62500",
		100_001: "http://127.1.0.2:8080/news/100001",
	} {
		if got := s.URL(page); got != want {
			t.Errorf("URL(%d) = %s, want %s", page, got, want)
		}
	}
}
