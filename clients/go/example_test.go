package rostrum_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

func ExampleConnect() {
	client, err := rostrum.Connect(
		rostrum.WithAddress("a.example:50051", "b.example:50051"), // calls are spread over all of them
		rostrum.WithTLSFiles("certs/dev/ca.crt", "certs/dev/writer.crt", "certs/dev/writer.key"),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := client.WaitForReady(ctx); err != nil {
		log.Fatal(err) // nobody listens; the server refuses the client certificate; …
	}
}

func ExampleClient_Submit() {
	client, err := rostrum.Connect() // as the environment says
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()

	result, err := client.Submit(ctx, &rostrumv1.ScoreSubmission{
		LeaderboardId: "arena",
		PlayerId:      "ada",
		Score:         1200,
		ClientTime:    timestamppb.Now(), // decides on leaderboards of the latest score
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.GetOutcome(), "rank", result.GetStanding().GetRank(), "of", result.GetTotalPlayers())

	items, err := client.SubmitBatch(ctx, []*rostrumv1.ScoreSubmission{
		{LeaderboardId: "arena", PlayerId: "bob", Score: 900},
		{LeaderboardId: "arena", PlayerId: "not an id", Score: 1},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range items {
		fmt.Println(item.Result.GetOutcome(), errors.Is(item.Err, rostrum.ErrInvalidField))
	}
	// Output:
	// OUTCOME_APPLIED rank 1 of 1
	// OUTCOME_APPLIED false
	// OUTCOME_UNSPECIFIED true
}

func ExampleClient_Stream() {
	client, err := rostrum.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()

	stream, err := client.Stream(ctx)
	if err != nil {
		log.Fatal(err)
	}
	var pending []*rostrum.Pending
	for i := range 1000 {
		p, err := stream.Submit(ctx, &rostrumv1.ScoreSubmission{
			LeaderboardId: "streamed",
			PlayerId:      fmt.Sprintf("p%d", i),
			Score:         float64(i),
		})
		if err != nil {
			log.Fatal(err)
		}
		pending = append(pending, p)
	}
	result, err := pending[999].Result(ctx) // waits for it
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("rank", result.GetStanding().GetRank())
	if err := stream.Close(); err != nil { // waits for all of them
		log.Fatal(err)
	}
	// Output: rank 1
}

func ExampleClient_LiveView() {
	client, err := rostrum.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()

	view, err := client.LiveView(ctx, &rostrumv1.WatchStandingsRequest{
		LeaderboardId: "viewed",
		View:          &rostrumv1.WatchStandingsRequest_Top_{Top: &rostrumv1.WatchStandingsRequest_Top{Count: 3}},
	}, rostrum.AwaitLeaderboard()) // it comes into being with its first score
	if err != nil {
		log.Fatal(err)
	}
	defer view.Close()
	go client.Submit(ctx, &rostrumv1.ScoreSubmission{LeaderboardId: "viewed", PlayerId: "ada", Score: 1200})

	for update, err := range view.Updates(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		for _, standing := range update.Standings {
			fmt.Println(standing.GetRank(), standing.GetPlayerId(), standing.GetScore())
		}
		break
	}
	// Whenever you want, without waiting:
	now := view.Now()
	fmt.Println(now.State, now.TotalPlayers, now.Err)
	// Output:
	// 1 ada 1200
	// live 1 <nil>
}

func ExampleClient_WatchChanges() {
	client, err := rostrum.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	if _, err := client.Submit(ctx, &rostrumv1.ScoreSubmission{LeaderboardId: "changed", PlayerId: "ada", Score: 1}); err != nil {
		log.Fatal(err)
	}
	onLive := rostrum.OnLive(func() {
		go client.Submit(ctx, &rostrumv1.ScoreSubmission{LeaderboardId: "changed", PlayerId: "ada", Score: 2})
	})
	token := "" // of the last message that was handled: keep it, and go on after it in another process
	request := &rostrumv1.WatchChangesRequest{LeaderboardId: "changed", ResumeToken: token}
	for message, err := range client.WatchChanges(ctx, request, onLive) {
		if err != nil {
			log.Fatal(err)
		}
		if message.GetReset_() {
			fmt.Println("read the standings anew")
		}
		for _, change := range message.GetChanges() {
			fmt.Println(change.GetPlayerId(), change.GetPreviousScore(), "→", change.GetStanding().GetScore())
		}
		token = message.GetResumeToken()
		if len(message.GetChanges()) > 0 {
			break // leaving the loop ends the watch
		}
	}
	// Output: ada 1 → 2
}

func ExampleClient_StandingService() {
	client, err := rostrum.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	if _, err := client.Submit(ctx, &rostrumv1.ScoreSubmission{LeaderboardId: "read", PlayerId: "ada", Score: 7}); err != nil {
		log.Fatal(err)
	}

	top, err := client.StandingService().ListStandings(ctx, &rostrumv1.ListStandingsRequest{
		LeaderboardId: "read",
		PageSize:      10,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, standing := range top.GetStandings() {
		fmt.Println(standing.GetRank(), standing.GetPlayerId(), standing.GetScore())
	}
	// Output: 1 ada 7
}

func ExampleError() {
	client, err := rostrum.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()

	_, err = client.Submit(ctx, &rostrumv1.ScoreSubmission{LeaderboardId: "arena", PlayerId: "not an id"})
	var e *rostrum.Error
	switch {
	case errors.Is(err, rostrum.ErrClientTimeInFuture):
		fmt.Println("the clock is wrong")
	case errors.Is(err, context.Canceled):
		fmt.Println("we wanted it no more")
	case errors.As(err, &e):
		fmt.Println(e.Code, e.Reason)
		for _, violation := range e.FieldViolations {
			fmt.Println(violation.Field)
		}
	}
	// Output:
	// InvalidArgument INVALID_FIELD
	// player_id
}
