package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rostrum.dev/go/rostrum/internal/testservice"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

var service *testservice.Service

func TestMain(m *testing.M) { testservice.Main(m, &service) }

func TestTheAnnouncerGoesOnWhereItWas(t *testing.T) {
	client := service.Connect(t, "writer")
	file := filepath.Join(t.TempDir(), "state.json")
	submit := func(playerID string, value float64) {
		t.Helper()
		if _, err := client.Submit(t.Context(), &rostrumv1.ScoreSubmission{LeaderboardId: t.Name(), PlayerId: playerID, Score: value}); err != nil {
			t.Fatal(err)
		}
	}
	// begin runs an announcer until end; line is its next line.
	begin := func() (line func() string, end func()) {
		ctx, cancel := context.WithCancel(t.Context())
		reader, writer := io.Pipe()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			defer writer.Close()
			if err := announce(ctx, client, t.Name(), file, writer); ctx.Err() == nil {
				t.Error(err)
			}
		}()
		lines := bufio.NewScanner(reader)
		return func() string {
				t.Helper()
				if !lines.Scan() {
					t.Fatal("the announcer has ended")
				}
				return lines.Text()
			}, func() {
				cancel()
				go io.Copy(io.Discard, reader)
				<-ended
			}
	}
	expect := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	awaitSaved := func(playerID string) {
		t.Helper()
		for {
			if content, err := os.ReadFile(file); err == nil && strings.Contains(string(content), playerID) {
				return
			}
		}
	}

	line, end := begin() // before the leaderboard exists
	submit("ada", 10)
	expect(line(), "ada is number 1 with 10")
	submit("bob", 20)
	expect(line(), "bob is number 1 with 20")
	awaitSaved("bob")
	end()

	submit("eve", 15)
	line, end = begin()
	expect(line(), "eve is number 2 with 15")
	submit("bob", 30) // moves, and does not enter
	submit("dan", 5)  // number 4
	submit("cat", 40)
	expect(line(), "cat is number 1 with 40")
	awaitSaved("cat")
	end()

	// A token that means nothing any more: what the top three were is known all the same.
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.Split(string(content), `"`)[3]
	if err := os.WriteFile(file, []byte(strings.Replace(string(content), token, "x"+token[1:], 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	submit("ada", 50)
	line, end = begin()
	expect(line(), "ada is number 1 with 50")
	end()
}
