// A match server: it plays matches, and streams their scores to Rostrum. While Rostrum is away the
// scores wait on disk, and they survive the end of this process too; each counts once.
//
//	go run ./examples/matchserver -directory /var/lib/game/scores -leaderboard arena
//
// It connects as the environment says: ROSTRUM_ADDRESS, ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT,
// ROSTRUM_TLS_KEY.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

func main() {
	directory := flag.String("directory", "scores", "where scores wait")
	leaderboard := flag.String("leaderboard", "arena", "the leaderboard")
	matches := flag.Int("matches", 0, "end after so many matches, when all their scores are recorded; 0: never")
	pause := flag.Duration("pause", 100*time.Millisecond, "the time between two matches")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *directory, *leaderboard, *matches, *pause); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, directory, leaderboard string, matches int, pause time.Duration) error {
	client, err := rostrum.Connect()
	if err != nil {
		return err
	}
	defer client.Close()
	outbox, err := OpenOutbox(client, OutboxOptions{
		Directory: directory,
		MaxScores: 100_000,
		OnRefused: func(score *rostrumv1.ScoreSubmission, err error) {
			log.Printf("the score of %s is lost: %v", score.GetPlayerId(), err)
		},
		OnBlocked: func(err error) { log.Printf("scores wait: %v", err) },
	})
	if err != nil {
		return err
	}
	defer outbox.Close()

	tick := time.NewTicker(pause)
	defer tick.Stop()
	for match := 1; matches == 0 || match <= matches; match++ {
		for player := range 4 {
			score := &rostrumv1.ScoreSubmission{
				LeaderboardId: leaderboard,
				PlayerId:      fmt.Sprintf("player-%d", player+1),
				Score:         float64(rand.IntN(1000)),
			}
			// The players see their scores at once; their ranks come when they come.
			if err := outbox.Add(score); err != nil {
				log.Printf("a score is lost: %v", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
	for outbox.Waiting() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}
