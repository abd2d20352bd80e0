package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rostrum.dev/go/rostrum"
	"rostrum.dev/go/rostrum/internal/testservice"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

var service *testservice.Service

func TestMain(m *testing.M) { testservice.Main(m, &service) }

func score(leaderboardID, playerID string, value float64) *rostrumv1.ScoreSubmission {
	return &rostrumv1.ScoreSubmission{
		LeaderboardId:  leaderboardID,
		PlayerId:       playerID,
		Score:          value,
		NewLeaderboard: &rostrumv1.NewLeaderboard{Aggregation: rostrumv1.Aggregation_AGGREGATION_SUM},
	}
}

func openOutbox(t *testing.T, client *rostrum.Client, directory string, onRefused func(*rostrumv1.ScoreSubmission, error)) *Outbox {
	t.Helper()
	if onRefused == nil {
		onRefused = func(_ *rostrumv1.ScoreSubmission, err error) { t.Error(err) }
	}
	outbox, err := OpenOutbox(client, OutboxOptions{Directory: directory, MaxScores: 10_000, OnRefused: onRefused, OnBlocked: func(err error) { t.Log(err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { outbox.Close() })
	return outbox
}

func awaitEmpty(t *testing.T, outbox *Outbox) {
	t.Helper()
	for until := time.Now().Add(time.Minute); outbox.Waiting() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d scores still wait", outbox.Waiting())
		}
	}
}

func TestEachScoreCountsOnceThroughOutages(t *testing.T) {
	directory := t.TempDir()
	client := service.Connect(t, "writer")
	const rounds, goroutines, each = 4, 8, 50
	for round := range rounds {
		if round%2 == 0 {
			service.Kill(t, "main") // it is away while the scores are made
		}
		outbox := openOutbox(t, client, directory, nil)
		var group sync.WaitGroup
		for range goroutines {
			group.Go(func() {
				for range each {
					if err := outbox.Add(score(t.Name(), "ada", 1)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if round%2 == 0 && outbox.Waiting() < goroutines*each {
			t.Errorf("%d wait", outbox.Waiting())
		}
		// The process ends with scores on their way.
		outbox.Close()
		service.StartServer(t, "main", nil)
	}
	awaitEmpty(t, openOutbox(t, client, directory, nil))
	rows := service.Query(t, "SELECT count(*) AS count, count(DISTINCT submission_id) AS ids FROM rostrum.submissions JOIN rostrum.leaderboards USING (board_no) WHERE leaderboard_id = $1", t.Name())
	want := fmt.Sprint(rounds * goroutines * each)
	if rows[0]["count"] != want || rows[0]["ids"] != want {
		t.Errorf("%v of %s are recorded", rows[0], want)
	}
	if files, _ := filepath.Glob(filepath.Join(directory, "*")); len(files) > 0 {
		t.Errorf("files are left: %v", files)
	}
}

func TestTheOutboxIsBoundedAndRefusesForGood(t *testing.T) {
	client := service.Connect(t, "writer")
	refused := make(chan error, 1)
	outbox := openOutbox(t, client, t.TempDir(), func(_ *rostrumv1.ScoreSubmission, err error) { refused <- err })
	if err := outbox.Add(score(t.Name(), "not an id", 1)); err != nil {
		t.Fatal(err)
	}
	if err := <-refused; !errors.Is(err, rostrum.ErrInvalidField) {
		t.Error(err)
	}
	awaitEmpty(t, outbox)
	result, err := outbox.Submit(t.Context(), score(t.Name(), "ada", 1), 5*time.Second)
	if err != nil || result.GetStanding().GetRank() != 1 {
		t.Errorf("%v, %v", result, err)
	}
	away, err := rostrum.Connect(service.Options("writer", rostrum.WithAddress("127.0.0.1:1"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	small, err := OpenOutbox(away, OutboxOptions{Directory: t.TempDir(), MaxScores: 1, OnBlocked: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	if result, err := small.Submit(t.Context(), score(t.Name(), "ada", 1), 10*time.Millisecond); result != nil || err != nil {
		t.Errorf("%v, %v", result, err)
	}
	if err := small.Add(score(t.Name(), "ada", 1)); err == nil {
		t.Error("a second score is taken")
	}
}

func TestALineThatWasBeingWrittenIsLeftOut(t *testing.T) {
	directory := t.TempDir()
	line := fmt.Sprintf(`{"leaderboardId":%q,"playerId":"ada","score":1,"submissionId":"s1"}`+"\n", t.Name())
	if err := os.WriteFile(filepath.Join(directory, "1.jsonl"), []byte(line+line[:20]), 0o600); err != nil {
		t.Fatal(err)
	}
	client := service.Connect(t, "writer")
	outbox := openOutbox(t, client, directory, nil)
	awaitEmpty(t, outbox)
	if _, err := client.StandingService().GetStanding(t.Context(), &rostrumv1.GetStandingRequest{LeaderboardId: t.Name(), PlayerId: "ada"}); err != nil {
		t.Error(err)
	}
}

func TestTheMatchServerEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := run(ctx, t.TempDir(), t.Name(), 10, time.Millisecond); err != nil {
		t.Error(err)
	}
	list, err := service.Connect(t, "reader").StandingService().ListStandings(ctx, &rostrumv1.ListStandingsRequest{LeaderboardId: t.Name()})
	if err != nil || list.GetTotalPlayers() != 4 || list.GetStandings()[0].GetSubmissions() != 10 {
		t.Errorf("%v, %v", list, err)
	}
}
