package rostrum_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// The server ends a watch that is not read for 30 seconds, while there is more to tell than fits on the
// way; the loop must not notice.
func TestAWatchThatIsNotReadMissesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 50 seconds")
	}
	client := service.Connect(t, "writer")
	id := board(t, client)
	writing := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(writing)
		stream, err := client.Stream(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		for i := 0; ; i++ {
			select {
			case <-stop:
				if err := stream.Close(); err != nil {
					t.Error(err)
				}
				return
			case <-time.After(time.Millisecond):
			}
			submission := score(id, fmt.Sprint("p", i%900), 1)
			submission.DisplayName = strings.Repeat("x", 64)
			if _, err := stream.Submit(t.Context(), submission); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	var told []rostrum.Reason
	messages, last := 0, int64(0)
	for message, err := range service.Connect(t, "reader").WatchChanges(t.Context(), &rostrumv1.WatchChangesRequest{LeaderboardId: id},
		rostrum.OnInterrupted(func(cause *rostrum.Error, _ time.Duration) { told = append(told, cause.Reason) })) {
		if err != nil {
			t.Fatal(err)
		}
		if messages++; messages == 5 {
			time.Sleep(45 * time.Second)
			close(stop)
			<-writing
		}
		if messages > 5 && len(message.GetChanges()) == 0 {
			break
		}
		for _, change := range message.GetChanges() {
			if last != 0 && change.GetRevision() != last+1 {
				t.Fatalf("revision %d after %d", change.GetRevision(), last)
			}
			last = change.GetRevision()
		}
	}
	if len(told) != 1 || told[0] != rostrum.ErrWatcherTooSlow {
		t.Errorf("told %v", told)
	}
	answer, err := client.StandingService().ListStandings(t.Context(), &rostrumv1.ListStandingsRequest{LeaderboardId: id})
	if err != nil || answer.GetRevision() != last {
		t.Errorf("the watch is at %d of %d: %v", last, answer.GetRevision(), err)
	}
}
