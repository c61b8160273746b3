package bus_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
)

// BenchmarkPublish stores messages of 600 bytes, each synced to disk, in batches and at
// the same time.
func BenchmarkPublish(b *testing.B) {
	server, err := natsembed.Start(natsembed.Config{Dir: b.TempDir(), Addr: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	_, js := natstest.Connect(b, server)
	if _, err := js.CreateStream(b.Context(), jetstream.StreamConfig{
		Name: "S", Subjects: []string{"s"}, AllowAtomicPublish: true,
	}); err != nil {
		b.Fatal(err)
	}
	number, body := 0, []byte(strings.Repeat("x", 600))
	messages := func(n int) []*nats.Msg {
		msgs := make([]*nats.Msg, n)
		for i := range msgs {
			number++
			msgs[i] = nats.NewMsg("s")
			msgs[i].Header.Set(nats.MsgIdHdr, fmt.Sprint(number))
			msgs[i].Data = body
		}
		return msgs
	}
	for _, n := range []int{2, 4, 8, 16, 32, 64} {
		b.Run(fmt.Sprintf("batch of %d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := bus.PublishBatch(b.Context(), js, messages(n)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%d at the same time", n), func(b *testing.B) {
			for b.Loop() {
				var publishing sync.WaitGroup
				for _, msg := range messages(n) {
					publishing.Go(func() {
						if _, err := js.PublishMsg(b.Context(), msg); err != nil {
							b.Error(err)
						}
					})
				}
				publishing.Wait()
			}
		})
	}
}
