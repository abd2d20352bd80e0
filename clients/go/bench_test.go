//go:build unix

package rostrum_test

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// What one process of this client reaches, against one server on the same machine:
//
//	go test -run '^$' -bench . -benchtime 20000x

// reportCPU reports calls a second, and the processor time of this process for each.
func reportCPU(b *testing.B, calls int) {
	before := cpuTime()
	b.Cleanup(func() {
		b.ReportMetric(float64(calls)/b.Elapsed().Seconds(), "calls/s")
		b.ReportMetric(float64((cpuTime()-before).Microseconds())/float64(calls), "cpu-µs/call")
	})
	b.ResetTimer()
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func BenchmarkSubmit(b *testing.B) {
	client := service.Connect(b, "writer")
	var player atomic.Int64
	b.SetParallelism(32)
	reportCPU(b, b.N)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := player.Add(1)
			if _, err := client.Submit(b.Context(), score("bench", fmt.Sprint("p", n%10_000), float64(n))); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkStream(b *testing.B) {
	client := service.Connect(b, "writer")
	stream, err := client.Stream(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	reportCPU(b, b.N)
	for n := range b.N {
		if _, err := stream.Submit(b.Context(), score("bench", fmt.Sprint("p", n%10_000), float64(n))); err != nil {
			b.Fatal(err)
		}
	}
	if err := stream.Close(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRead(b *testing.B) {
	client := service.Connect(b, "writer")
	if _, err := client.Submit(b.Context(), score("bench", "p1", 1)); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(32)
	reportCPU(b, b.N)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := client.StandingService().GetStanding(b.Context(), &rostrumv1.GetStandingRequest{LeaderboardId: "bench", PlayerId: "p1"}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkWatch has 100 live views of one leaderboard; a call is a change that one of them has.
func BenchmarkWatch(b *testing.B) {
	client := service.Connect(b, "writer")
	const count = 100
	views := make([]*rostrum.LiveView, count)
	for i := range views {
		var err error
		views[i], err = client.LiveView(b.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: "bench-watch"}, rostrum.AwaitLeaderboard())
		if err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, b.N*count)
	for n := range b.N {
		result, err := client.Submit(b.Context(), score("bench-watch", fmt.Sprint("p", n%10), float64(n)))
		if err != nil {
			b.Fatal(err)
		}
		for _, view := range views {
			for {
				changed := view.Changed()
				if view.Now().Revision >= result.GetRevision() {
					break
				}
				<-changed
			}
		}
	}
}
