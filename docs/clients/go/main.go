// Submits a score to Rostrum, and reads the reason of an error.
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	rostrum "example.com/arena/rostrum/v1"
)

func main() {
	connection, err := connect("certs/dev", "writer")
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	answer, err := rostrum.NewScoreServiceClient(connection).SubmitScore(ctx, &rostrum.SubmitScoreRequest{
		Submission: &rostrum.ScoreSubmission{
			LeaderboardId: "arena-go",
			PlayerId:      "ada",
			Score:         1200,
			SubmissionId:  "match-4711", // sent again with the same id, it counts once
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	result := answer.GetResult()
	fmt.Println(result.GetOutcome(), "rank", result.GetStanding().GetRank(), "of", result.GetTotalPlayers())

	_, err = rostrum.NewStandingServiceClient(connection).GetStanding(ctx, &rostrum.GetStandingRequest{
		LeaderboardId: "arena-go",
		PlayerId:      "nobody",
	})
	if info := errorInfo(err); info != nil {
		fmt.Println(status.Code(err), info.GetReason(), info.GetMetadata()["player_id"])
	}
}

// errorInfo returns the reason of an error and what belongs to it; nil where the error has none,
// because it does not come from Rostrum.
func errorInfo(err error) *errdetails.ErrorInfo {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info
		}
	}
	return nil
}

// connect uses the certificate authority, and the identity of that name, in a directory.
func connect(directory, identity string) (*grpc.ClientConn, error) {
	authority, err := os.ReadFile(directory + "/ca.crt")
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(authority)
	own, err := tls.LoadX509KeyPair(directory+"/"+identity+".crt", directory+"/"+identity+".key")
	if err != nil {
		return nil, err
	}
	address := cmp.Or(os.Getenv("ROSTRUM_ADDRESS"), "localhost:50051")
	return grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		RootCAs:      authorities,
		Certificates: []tls.Certificate{own},
	})))
}
