package rostrum_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

func open(t *testing.T, client *rostrum.Client, options ...rostrum.StreamOption) *rostrum.Stream {
	t.Helper()
	stream, err := client.Stream(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

var kills = flag.Int("kills", 5, "how often TestStreamCountsOnceWhileTheServerIsKilled kills it")

func TestStreamCountsOnceWhileTheServerIsKilled(t *testing.T) {
	address := service.StartServer(t, "streamed", nil)
	client := service.Connect(t, "writer", rostrum.WithAddress(address))
	id := board(t, client)
	stream := open(t, client, rostrum.WithMaxPending(2048))
	const total = 20_000
	queue := make(chan *rostrum.Pending, total)
	var acknowledged atomic.Int64
	var reading sync.WaitGroup
	reading.Go(func() {
		last := int64(0)
		for pending := range queue {
			result, err := pending.Result(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			acknowledged.Add(1)
			// One player's submissions are recorded in the order in which they were given.
			if result.GetRanked() && !result.GetReplayed() {
				if result.GetRevision() <= last {
					t.Errorf("revision %d after %d", result.GetRevision(), last)
				}
				last = result.GetRevision()
			}
		}
	})
	var killing sync.WaitGroup
	killing.Go(func() {
		for kill := range *kills {
			for acknowledged.Load() < int64(total*(kill+1)/(*kills+1)) {
				if t.Failed() {
					return
				}
				time.Sleep(time.Millisecond)
			}
			if service.Ask(map[string]any{"op": "kill", "server": "streamed"}, nil) != nil ||
				service.Ask(map[string]any{"op": "start", "server": "streamed"}, nil) != nil {
				t.Error("the server cannot be started again")
			}
		}
	})
	for range total {
		pending, err := stream.Submit(t.Context(), score(id, "ada", 1))
		if err != nil {
			t.Fatal(err)
		}
		queue <- pending
	}
	close(queue)
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	reading.Wait()
	killing.Wait()
	defer service.Do(t, map[string]any{"op": "stop", "server": "streamed"})
	count, ids := recorded(t, id, "ada")
	if acknowledged.Load() != total || count != fmt.Sprint(total) || ids != count {
		t.Errorf("%d acknowledged, %s recorded, with %s ids", acknowledged.Load(), count, ids)
	}
	if got := standing(t, client, id, "ada").GetScore(); got != total {
		t.Errorf("the sum is %v", got)
	}
}

func TestStreamIsForManyGoroutines(t *testing.T) {
	client := service.Connect(t, "writer")
	id := board(t, client)
	stream := open(t, client, rostrum.WithMaxPending(100), rostrum.WithMaxInFlight(10))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				pending, err := stream.Submit(t.Context(), score(id, "ada", 1))
				if err != nil {
					t.Error(err)
					return
				}
				if stream.Pending() > 100 {
					t.Errorf("%d are pending", stream.Pending())
				}
				group.Go(func() {
					if _, err := pending.Result(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
	group.Wait()
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	if got := standing(t, client, id, "ada").GetScore(); got != 1600 {
		t.Errorf("the sum is %v", got)
	}
	_, err := stream.Submit(t.Context(), score(id, "ada", 1))
	wantReason(t, err, rostrum.ErrStreamEnded)
	_, err = stream.TrySubmit(score(id, "ada", 1))
	wantReason(t, err, rostrum.ErrStreamEnded)
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
}

func TestStreamHoldsNoMoreThanItMay(t *testing.T) {
	client := service.Connect(t, "writer", rostrum.WithAddress("127.0.0.1:1"))
	ctx, cancel := context.WithCancelCause(t.Context())
	stream, err := client.Stream(ctx, rostrum.WithMaxPending(2))
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.TrySubmit(score("x", "ada", 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.TrySubmit(score("x", "ada", 1)); err != nil {
		t.Fatal(err)
	}
	_, err = stream.TrySubmit(score("x", "ada", 1))
	wantReason(t, err, rostrum.ErrStreamFull)
	_, err = stream.Submit(within(t, 20*time.Millisecond), score("x", "ada", 1))
	wantReason(t, err, rostrum.ErrDeadlineExceeded)
	_, err = first.Result(within(t, 20*time.Millisecond))
	wantReason(t, err, rostrum.ErrDeadlineExceeded)
	waiting := make(chan error)
	go func() {
		_, err := stream.Submit(t.Context(), score("x", "ada", 1))
		waiting <- err
	}()
	cause := errors.New("the match is over")
	cancel(cause)
	if err := <-waiting; !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
	if _, err := first.Result(t.Context()); !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := stream.Close(); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

func TestStreamGivesUp(t *testing.T) {
	client := service.Connect(t, "writer", rostrum.WithAddress("127.0.0.1:1"))
	stream := open(t, client, rostrum.WithGiveUpAfter(300*time.Millisecond))
	pending, err := stream.Submit(t.Context(), score("x", "ada", 1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = pending.Result(within(t, 20*time.Second))
	wantReason(t, err, rostrum.ErrConnectionFailed)
	wantText(t, err, "nothing listens there")
	wantReason(t, stream.Close(), rostrum.ErrConnectionFailed)
	_, err = client.Stream(t.Context(), rostrum.WithMaxInFlight(0))
	wantReason(t, err, rostrum.ErrInvalidOptions)
}

func TestStreamTellsOfFailuresThatNobodySaw(t *testing.T) {
	client := service.Connect(t, "writer")
	id := board(t, client)
	stream := open(t, client)
	var seen *rostrum.Pending
	for i, player := range []string{"ada", "not an id", "neither is this"} {
		pending, err := stream.Submit(t.Context(), score(id, player, 1))
		if err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			seen = pending
		}
	}
	_, err := seen.Result(t.Context())
	wantReason(t, err, rostrum.ErrInvalidField)
	err = stream.Close()
	if e := wantReason(t, err, rostrum.ErrSubmissionsFailed); e.Metadata["count"] != "1" || !errors.Is(err, rostrum.ErrInvalidField) {
		t.Errorf("%v", e)
	}

	many := open(t, client)
	for range 3000 {
		if _, err := many.Submit(t.Context(), score(id, "not an id", 1)); err != nil {
			t.Fatal(err)
		}
	}
	if e := wantReason(t, many.Close(), rostrum.ErrSubmissionsFailed); e.Metadata["count"] != "3000" {
		t.Errorf("%v", e)
	}
}

func TestStreamWaitsForTheStore(t *testing.T) {
	client := service.Connect(t, "writer")
	id := board(t, client)
	stream := open(t, client)
	var all []*rostrum.Pending
	submit := func(count int) {
		for range count {
			pending, err := stream.Submit(t.Context(), score(id, "ada", 1))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, pending)
		}
	}
	submit(500)
	service.Do(t, map[string]any{"op": "store", "store": "postgres", "do": "stop"})
	submit(500)
	time.Sleep(300 * time.Millisecond)
	service.Do(t, map[string]any{"op": "store", "store": "postgres", "do": "start"})
	submit(500)
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	for _, pending := range all {
		if _, err := pending.Result(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := standing(t, client, id, "ada").GetScore(); got != 1500 {
		t.Errorf("the sum is %v", got)
	}
}

func TestStreamTakesTheSubmissionAsItIs(t *testing.T) {
	client := service.Connect(t, "writer")
	stream := open(t, client)
	submission := &rostrumv1.ScoreSubmission{LeaderboardId: t.Name(), PlayerId: "ada"}
	for i := range 100 {
		submission.Score = float64(i)
		if _, err := stream.Submit(t.Context(), submission); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	if submission.GetSubmissionId() != "" {
		t.Error("the submission was changed")
	}
	if got := standing(t, client, t.Name(), "ada").GetSubmissions(); got != 100 {
		t.Errorf("%d are recorded", got)
	}
}
