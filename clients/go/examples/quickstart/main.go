// Submits a score, reads its rank, and watches the leaderboard until somebody else leads.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

func main() {
	client, err := rostrum.Connect() // as ROSTRUM_ADDRESS and ROSTRUM_TLS_… say
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	result, err := client.Submit(ctx, &rostrumv1.ScoreSubmission{
		LeaderboardId: "quickstart-go",
		PlayerId:      "ada",
		Score:         1200,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ada: rank", result.GetStanding().GetRank(), "of", result.GetTotalPlayers())

	_, err = client.StandingService().GetStanding(ctx, &rostrumv1.GetStandingRequest{
		LeaderboardId: "quickstart-go",
		PlayerId:      "nobody",
	})
	if errors.Is(err, rostrum.ErrStandingNotFound) {
		fmt.Println("nobody: no rank yet")
	}

	view, err := client.LiveView(ctx, &rostrumv1.WatchStandingsRequest{LeaderboardId: "quickstart-go"})
	if err != nil {
		log.Fatal(err)
	}
	defer view.Close()
	go client.Submit(ctx, &rostrumv1.ScoreSubmission{LeaderboardId: "quickstart-go", PlayerId: "bob", Score: 1300})
	for update, err := range view.Updates(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if leader := update.Standings[0].GetPlayerId(); leader != "ada" {
			fmt.Println(leader, "leads")
			break
		}
	}
}
