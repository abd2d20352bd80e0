//go:build unix

// The load of one process of the client, for `npm run clients -- go load`: it calls a server as fast as
// it answers, and prints a line of JSON for each kind of call.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

const (
	warmUp  = time.Second
	callers = 64
	views   = 100
)

func main() {
	client, err := rostrum.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	seconds, err := strconv.Atoi(os.Getenv("ROSTRUM_LOAD_SECONDS"))
	if err != nil {
		seconds = 5
	}
	for _, part := range []struct {
		name string
		load func(context.Context, *rostrum.Client, *atomic.Int64) error
	}{{"submit", submit}, {"stream", stream}, {"read", read}, {"watch", watch}} {
		if err := measure(client, part.name, time.Duration(seconds)*time.Second, part.load); err != nil {
			log.Fatal(err)
		}
	}
}

// measure runs a load, which counts its calls, and prints what it reached after the warm-up.
func measure(client *rostrum.Client, name string, period time.Duration, load func(context.Context, *rostrum.Client, *atomic.Int64) error) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var calls atomic.Int64
	ended := make(chan error, 1)
	go func() { ended <- load(ctx, client, &calls) }()
	pause := func(period time.Duration) error {
		select {
		case <-time.After(period):
			return nil
		case err := <-ended:
			return fmt.Errorf("%s: ended too early: %w", name, err)
		}
	}
	if err := pause(warmUp); err != nil {
		return err
	}
	begin, cpu, before := time.Now(), cpuTime(), calls.Load()
	if err := pause(period); err != nil {
		return err
	}
	line := map[string]any{
		"load":       name,
		"calls":      calls.Load() - before,
		"seconds":    time.Since(begin).Seconds(),
		"cpuSeconds": (cpuTime() - cpu).Seconds(),
	}
	stop()
	if err := <-ended; err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return json.NewEncoder(os.Stdout).Encode(line)
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func score(board string, n int64, players int64) *rostrumv1.ScoreSubmission {
	return &rostrumv1.ScoreSubmission{LeaderboardId: board, PlayerId: fmt.Sprint("p", n%players), Score: float64(n)}
}

// together calls from many goroutines until the context ends, and returns their first error.
func together(ctx context.Context, call func(context.Context) error) error {
	var group sync.WaitGroup
	var first atomic.Pointer[error]
	for range callers {
		group.Go(func() {
			for ctx.Err() == nil {
				// A call that has begun ends, so that nothing is left of one load in the next.
				if err := call(context.Background()); err != nil {
					first.CompareAndSwap(nil, &err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}

func submit(ctx context.Context, client *rostrum.Client, calls *atomic.Int64) error {
	var n atomic.Int64
	return together(ctx, func(ctx context.Context) error {
		_, err := client.Submit(ctx, score("load", n.Add(1), 10_000))
		calls.Add(1)
		return err
	})
}

func stream(ctx context.Context, client *rostrum.Client, calls *atomic.Int64) error {
	opened, err := client.Stream(context.Background())
	if err != nil {
		return err
	}
	results := make(chan *rostrum.Pending, 65_536)
	failed := make(chan error, 1)
	go func() {
		var first error
		for pending := range results {
			if _, err := pending.Result(context.Background()); err != nil && first == nil {
				first = err
			}
			calls.Add(1)
		}
		failed <- first
	}()
	for n := int64(0); ctx.Err() == nil; n++ {
		pending, err := opened.Submit(context.Background(), score("load", n, 10_000))
		if err != nil {
			return err
		}
		results <- pending
	}
	close(results)
	if err := <-failed; err != nil {
		return err
	}
	return opened.Close()
}

func read(ctx context.Context, client *rostrum.Client, calls *atomic.Int64) error {
	request := &rostrumv1.GetStandingRequest{LeaderboardId: "load", PlayerId: "p1"}
	return together(ctx, func(ctx context.Context) error {
		_, err := client.StandingService().GetStanding(ctx, request)
		calls.Add(1)
		return err
	})
}

// watch submits one score after the other, and waits each time until every view has it.
func watch(ctx context.Context, client *rostrum.Client, calls *atomic.Int64) error {
	opened := make([]*rostrum.LiveView, views)
	for i := range opened {
		var err error
		request := &rostrumv1.WatchStandingsRequest{LeaderboardId: "load-watch", MinInterval: durationpb.New(10 * time.Millisecond)}
		if opened[i], err = client.LiveView(context.Background(), request, rostrum.AwaitLeaderboard()); err != nil {
			return err
		}
		defer opened[i].Close()
	}
	for n := int64(0); ctx.Err() == nil; n++ {
		result, err := client.Submit(context.Background(), score("load-watch", n, 10))
		if err != nil {
			return err
		}
		for _, view := range opened {
			for {
				changed, now := view.Changed(), view.Now()
				if now.Revision >= result.GetRevision() {
					break
				}
				if now.State == rostrum.ViewClosed {
					return fmt.Errorf("a view was closed: %w", now.Err)
				}
				<-changed
			}
			calls.Add(1)
		}
	}
	return nil
}
