// An announcer: it prints who has entered the top three of a leaderboard. What it knew lies on disk, so
// that after a restart it goes on where it was, and misses nobody.
//
//	go run ./examples/announcer -leaderboard arena -state announcer.json
//
// It connects as the environment says: ROSTRUM_ADDRESS, ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT,
// ROSTRUM_TLS_KEY.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

func main() {
	leaderboard := flag.String("leaderboard", "arena", "the leaderboard")
	file := flag.String("state", "announcer.json", "where what is known is kept")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	client, err := rostrum.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if err := announce(ctx, client, *leaderboard, *file, os.Stdout); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

// known is what is kept on disk.
type known struct {
	// ResumeToken is that of the last message that was announced.
	ResumeToken string `json:"resumeToken"`
	// TopThree are the players at that time.
	TopThree map[string]bool `json:"topThree"`
}

// announce prints who enters the top three until the context ends. What was printed and not yet saved
// when the process died is printed once more.
func announce(ctx context.Context, client *rostrum.Client, leaderboard, file string, out io.Writer) error {
	state, err := load(file)
	if err != nil {
		return err
	}
	request := &rostrumv1.WatchStandingsRequest{
		LeaderboardId: leaderboard,
		View:          &rostrumv1.WatchStandingsRequest_Top_{Top: &rostrumv1.WatchStandingsRequest_Top{Count: 3}},
		ResumeToken:   state.ResumeToken,
	}
	options := []rostrum.WatchOption{
		rostrum.AwaitLeaderboard(), // it comes into being with its first score
		rostrum.OnInterrupted(func(cause *rostrum.Error, _ time.Duration) { log.Printf("interrupted: %v", cause) }),
	}
	for {
		err := state.follow(ctx, client, request, options, file, out)
		// A token may be too old. What the top three were is known all the same.
		if !errors.Is(err, rostrum.ErrInvalidResumeToken) && !errors.Is(err, rostrum.ErrResumeTokenExpired) {
			return err
		}
		if request.ResumeToken == "" {
			return err
		}
		request.ResumeToken = ""
	}
}

func (s *known) follow(ctx context.Context, client *rostrum.Client, request *rostrumv1.WatchStandingsRequest, options []rostrum.WatchOption, file string, out io.Writer) error {
	for message, err := range client.WatchStandings(ctx, request, options...) {
		if err != nil {
			return err
		}
		if snapshot := message.GetSnapshot(); snapshot != nil {
			s.see(snapshot.GetStandings(), out)
		}
		for _, change := range message.GetChanges().GetChanges() {
			switch change.GetKind() {
			case rostrumv1.RankChange_KIND_ENTERED:
				s.enter(change.GetStanding(), out)
			case rostrumv1.RankChange_KIND_LEFT:
				delete(s.TopThree, change.GetPlayerId())
			}
		}
		s.ResumeToken = message.GetResumeToken()
		if err := s.save(file); err != nil {
			return err
		}
	}
	return nil
}

// see takes a whole view: the first one, or one that replaces what was known.
func (s *known) see(standings []*rostrumv1.Standing, out io.Writer) {
	before := s.TopThree
	s.TopThree = map[string]bool{}
	for _, standing := range standings {
		if before[standing.GetPlayerId()] {
			s.TopThree[standing.GetPlayerId()] = true
		} else {
			s.enter(standing, out)
		}
	}
}

func (s *known) enter(standing *rostrumv1.Standing, out io.Writer) {
	s.TopThree[standing.GetPlayerId()] = true
	fmt.Fprintf(out, "%s is number %d with %v\n", standing.GetPlayerId(), standing.GetRank(), standing.GetScore())
}

func load(file string) (*known, error) {
	state := &known{TopThree: map[string]bool{}}
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(content, state); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return state, nil
}

// save replaces the file: whoever reads it finds the old or the new one as a whole.
func (s *known) save(file string) error {
	content, err := json.Marshal(s)
	if err != nil {
		return err
	}
	temporary := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".new")
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, file)
}
