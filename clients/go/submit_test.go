package rostrum_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

func TestSubmitDoesNotChangeTheSubmission(t *testing.T) {
	client := service.Connect(t, "writer")
	submission := score(t.Name(), "ada", 3)
	before := proto.CloneOf(submission)
	for range 2 {
		result, err := client.Submit(t.Context(), submission)
		if err != nil {
			t.Fatal(err)
		}
		if result.GetReplayed() || result.GetStanding().GetRank() != 1 {
			t.Errorf("%v", result)
		}
	}
	if !proto.Equal(submission, before) {
		t.Errorf("the submission is now %v", submission)
	}
	if count, ids := recorded(t, t.Name(), "ada"); count != "2" || ids != "2" {
		t.Errorf("%s are recorded, with %s ids", count, ids)
	}
}

func TestSubmitCountsOnceWhileTheServerIsKilled(t *testing.T) {
	address := service.StartServer(t, "killed", nil)
	client := service.Connect(t, "writer", rostrum.WithAddress(address), rostrum.WithDefaultTimeout(time.Minute))
	id := board(t, client)
	const each, goroutines = 100, 8
	var calls sync.WaitGroup
	for player := range goroutines {
		calls.Go(func() {
			for range each {
				if _, err := client.Submit(t.Context(), score(id, fmt.Sprint("p", player), 1)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 3 {
		time.Sleep(50 * time.Millisecond)
		service.Kill(t, "killed")
		service.StartServer(t, "killed", nil)
	}
	calls.Wait()
	defer service.Do(t, map[string]any{"op": "stop", "server": "killed"})
	for player := range goroutines {
		name := fmt.Sprint("p", player)
		if got := standing(t, client, id, name).GetScore(); got != each {
			t.Errorf("%v of %d counted for %s", got, each, name)
		}
		if count, ids := recorded(t, id, name); count != fmt.Sprint(each) || ids != count {
			t.Errorf("%s are recorded for %s, with %s ids", count, name, ids)
		}
	}
}

func TestSubmitRefusesWhatIsWrong(t *testing.T) {
	client := service.Connect(t, "writer")
	with := func(change func(*rostrumv1.ScoreSubmission)) *rostrumv1.ScoreSubmission {
		submission := score("refused", "ada", 1)
		change(submission)
		return submission
	}
	large, err := structpb.NewStruct(map[string]any{"x": strings.Repeat("x", 5<<20)})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name       string
		submission *rostrumv1.ScoreSubmission
		field      string
		reason     rostrum.Reason
	}{
		{"nil", nil, "submission", rostrum.ErrInvalidField},
		{"NaN", score("refused", "ada", math.NaN()), "score", rostrum.ErrInvalidField},
		{"infinity", score("refused", "ada", math.Inf(1)), "score", rostrum.ErrInvalidField},
		{"too high", score("refused", "ada", 1<<53), "score", rostrum.ErrInvalidField},
		{"no player", score("refused", "", 1), "player_id", rostrum.ErrInvalidField},
		{"a zero time", with(func(s *rostrumv1.ScoreSubmission) { s.ClientTime = timestamppb.New(time.Time{}) }), "client_time", rostrum.ErrInvalidField},
		{"an invalid time", with(func(s *rostrumv1.ScoreSubmission) { s.ClientTime = &timestamppb.Timestamp{Nanos: -1} }), "client_time", rostrum.ErrInvalidField},
		{"a time to come", with(func(s *rostrumv1.ScoreSubmission) { s.ClientTime = timestamppb.New(time.Now().Add(time.Hour)) }), "", rostrum.ErrClientTimeInFuture},
		{"invalid UTF-8", with(func(s *rostrumv1.ScoreSubmission) { s.DisplayName = "\xed\xa0\x80" }), "display_name", rostrum.ErrInvalidField},
		{"a large message", with(func(s *rostrumv1.ScoreSubmission) { s.Metadata = large }), "", rostrum.ErrMessageTooLarge},
	}
	ctx := within(t, time.Minute)
	stream, err := client.Stream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			check := func(err error, prefix string) {
				t.Helper()
				e := wantReason(t, err, test.reason)
				if test.field == "" {
					return
				}
				field := strings.TrimSuffix(prefix+test.field, ".submission")
				if len(e.FieldViolations) != 1 || e.FieldViolations[0].Field != field {
					t.Errorf("got %v, want the field %s", e.FieldViolations, field)
				}
				if !strings.HasPrefix(e.Message, field+": ") {
					t.Errorf("%q does not begin with the field", e.Message)
				}
			}
			_, err := client.Submit(ctx, test.submission)
			check(err, "")
			items, err := client.SubmitBatch(ctx, []*rostrumv1.ScoreSubmission{score("refused", "bob", 1), test.submission, score("refused", "eve", 1)})
			if err != nil {
				t.Fatal(err)
			}
			check(items[1].Err, "submissions[1].")
			if items[0].Err != nil || items[2].Err != nil {
				t.Errorf("one spoils the others: %v, %v", items[0].Err, items[2].Err)
			}
			pending, err := stream.Submit(ctx, test.submission)
			if err == nil {
				_, err = pending.Result(ctx)
			}
			check(err, "")
		})
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
}

func TestDuplicates(t *testing.T) {
	client := service.Connect(t, "writer")
	ctx := t.Context()
	used := score(t.Name(), "ada", 1)
	used.SubmissionId = "match-1"
	other := proto.CloneOf(used)
	other.Score = 2
	if _, err := client.Submit(ctx, used); err != nil {
		t.Fatal(err)
	}
	result, err := client.Submit(ctx, used)
	if err != nil || !result.GetReplayed() {
		t.Errorf("%v, %v", result, err)
	}
	_, err = client.Submit(ctx, other)
	if e := wantReason(t, err, rostrum.ErrSubmissionIDReused); e.Metadata["submission_id"] != "match-1" {
		t.Errorf("%v", e.Metadata)
	}
	result, err = client.Submit(ctx, other, rostrum.AcceptDuplicates())
	if err != nil || result.GetOutcome() != rostrumv1.Outcome_OUTCOME_DUPLICATE {
		t.Errorf("%v, %v", result, err)
	}
	items, err := client.SubmitBatch(ctx, []*rostrumv1.ScoreSubmission{used, other})
	if err != nil || items[0].Err != nil {
		t.Fatalf("%v, %v", items, err)
	}
	wantReason(t, items[1].Err, rostrum.ErrSubmissionIDReused)
	stream, err := client.Stream(ctx, rostrum.AcceptDuplicates())
	if err != nil {
		t.Fatal(err)
	}
	pending, err := stream.Submit(ctx, other)
	if err != nil {
		t.Fatal(err)
	}
	if result, err := pending.Result(ctx); err != nil || result.GetOutcome() != rostrumv1.Outcome_OUTCOME_DUPLICATE {
		t.Errorf("%v, %v", result, err)
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
}

func TestSubmitBatchHasAnItemForEach(t *testing.T) {
	client := service.Connect(t, "writer")
	id := board(t, client)
	submissions := make([]*rostrumv1.ScoreSubmission, 2500)
	for i := range submissions {
		submissions[i] = score(id, fmt.Sprint("p", i), float64(i))
	}
	submissions[7] = nil
	submissions[2100].PlayerId = "not an id"
	items, err := client.SubmitBatch(t.Context(), submissions)
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range items {
		switch {
		case i == 7:
			wantText(t, item.Err, "submissions[7]: is nil")
		case i == 2100:
			wantText(t, item.Err, "submissions[2100].player_id: ")
		case item.Err != nil:
			t.Fatal(i, item.Err)
		case item.Result.GetStanding().GetScore() != float64(i) || item.SubmissionID == "":
			t.Fatal(i, item)
		}
	}
	if items, err := client.SubmitBatch(t.Context(), nil); err != nil || len(items) != 0 {
		t.Errorf("%v, %v", items, err)
	}
}

func TestSubmitBatchWaitsForTheStore(t *testing.T) {
	client := service.Connect(t, "writer", rostrum.WithDefaultTimeout(time.Minute))
	id := board(t, client)
	service.Do(t, map[string]any{"op": "store", "store": "postgres", "do": "stop"})
	begin := make(chan struct{})
	go func() {
		<-begin
		time.Sleep(time.Second)
		if err := service.Ask(map[string]any{"op": "store", "store": "postgres", "do": "start"}, nil); err != nil {
			t.Error(err)
		}
	}()
	close(begin)
	items, err := client.SubmitBatch(t.Context(), []*rostrumv1.ScoreSubmission{score(id, "ada", 1), score(id, "bob", 1), score(id, "ada", 1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		if item.Err != nil {
			t.Error(item.Err)
		}
	}
	if got := standing(t, client, id, "ada").GetScore(); got != 2 {
		t.Errorf("ada has %v", got)
	}
}

func TestDeadlinesAndCancellation(t *testing.T) {
	client := service.Connect(t, "writer")
	if err := client.WaitForReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, err := client.Submit(over, score("deadlines", "ada", 1))
	e := wantReason(t, err, rostrum.ErrDeadlineExceeded)
	// It was never sent.
	if !errors.Is(err, context.DeadlineExceeded) || e.Metadata["submission_id"] != "" || strings.Contains(e.Message, "recorded") {
		t.Errorf("%#v", e)
	}
	if _, err := client.Submit(within(t, 60*24*time.Hour), score("deadlines", "ada", 1)); err != nil {
		t.Errorf("60 days: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Submit(cancelled, score("deadlines", "ada", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}

	// While the store is away, a call goes on until its deadline, and says why.
	service.Do(t, map[string]any{"op": "store", "store": "postgres", "do": "stop"})
	defer service.Do(t, map[string]any{"op": "store", "store": "postgres", "do": "start"})
	begun := time.Now()
	_, err = client.Submit(within(t, time.Second), score("deadlines", "ada", 1))
	if e := rostrum.FromError(err); e.Reason != rostrum.ErrStoreUnavailable && e.Reason != rostrum.ErrDeadlineExceeded {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("a deadline of 1 s took %v", took)
	}
	during, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, err := client.Submit(during, score("deadlines", "ada", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
