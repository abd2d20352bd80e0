package rostrum_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"rostrum.dev/go/rostrum"
	"rostrum.dev/go/rostrum/internal/testservice"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

var service *testservice.Service

func TestMain(m *testing.M) { testservice.Main(m, &service) }

func score(leaderboardID, playerID string, value float64) *rostrumv1.ScoreSubmission {
	return &rostrumv1.ScoreSubmission{LeaderboardId: leaderboardID, PlayerId: playerID, Score: value}
}

// board is a leaderboard of the test's own, which sums: what counts twice is seen.
func board(t *testing.T, client *rostrum.Client) string {
	t.Helper()
	id := strings.NewReplacer("/", ".", " ", "_").Replace(t.Name())
	first := score(id, "first", 0)
	first.NewLeaderboard = &rostrumv1.NewLeaderboard{Aggregation: rostrumv1.Aggregation_AGGREGATION_SUM}
	if _, err := client.Submit(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	return id
}

func within(t *testing.T, timeout time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	return ctx
}

// wantReason fails the test unless err is an *Error of the reason; it returns it.
func wantReason(t *testing.T, err error, reason rostrum.Reason) *rostrum.Error {
	t.Helper()
	var e *rostrum.Error
	if !errors.As(err, &e) || !errors.Is(err, reason) {
		t.Fatalf("got %v, want %s", err, reason)
	}
	return e
}

func wantText(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
}

// wantNothingRunning fails the test unless no goroutine of this module or of gRPC is left.
func wantNothingRunning(t *testing.T) {
	t.Helper()
	var left []string
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		left = nil
		for stack := range strings.SplitSeq(string(stacks), "\n\n") {
			ours := strings.Contains(stack, "google.golang.org/grpc") || strings.Contains(stack, "rostrum.dev/go/rostrum.")
			if ours && !strings.Contains(stack, "testing.tRunner") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return
		}
	}
	t.Errorf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
}

// standing reads a player's standing.
func standing(t *testing.T, client *rostrum.Client, leaderboardID, playerID string) *rostrumv1.Standing {
	t.Helper()
	answer, err := client.StandingService().GetStanding(t.Context(), &rostrumv1.GetStandingRequest{LeaderboardId: leaderboardID, PlayerId: playerID})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetStanding()
}

// recorded counts the submissions of a player in PostgreSQL, and their distinct ids.
func recorded(t *testing.T, leaderboardID, playerID string) (count, ids string) {
	t.Helper()
	rows := service.Query(t, `
		SELECT count(*) AS count, count(DISTINCT submission_id) AS ids
		FROM rostrum.submissions s JOIN rostrum.leaderboards l USING (board_no)
		WHERE l.leaderboard_id = $1 AND s.player_id = $2`, leaderboardID, playerID)
	return fmt.Sprint(rows[0]["count"]), fmt.Sprint(rows[0]["ids"])
}
