package rostrum_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// events are those of a watch, one after the other; the watch ends with the test.
func events[Message any](t *testing.T, watch iter.Seq2[Message, error]) (next func() Message, stop func()) {
	t.Helper()
	pull, stop := iter.Pull2(watch)
	t.Cleanup(stop)
	return func() Message {
		t.Helper()
		message, err, ok := pull()
		if err != nil || !ok {
			t.Fatal("the watch has ended: ", err)
		}
		return message
	}, stop
}

func submit(t *testing.T, client *rostrum.Client, leaderboardID, playerID string, value float64) {
	t.Helper()
	if _, err := client.Submit(t.Context(), score(leaderboardID, playerID, value)); err != nil {
		t.Fatal(err)
	}
}

func TestWatchStandingsResumes(t *testing.T) {
	address := service.StartServer(t, "watched", nil)
	defer service.Do(t, map[string]any{"op": "stop", "server": "watched"})
	client := service.Connect(t, "writer")
	id := board(t, client)
	var told []string
	watcher := service.Connect(t, "reader", rostrum.WithAddress(address))
	request := &rostrumv1.WatchStandingsRequest{LeaderboardId: id}
	next, stop := events(t, watcher.WatchStandings(t.Context(), request,
		rostrum.OnLive(func() { told = append(told, "live") }),
		rostrum.OnInterrupted(func(cause *rostrum.Error, wait time.Duration) { told = append(told, string(cause.Reason)) })))
	first := next()
	if first.GetSnapshot() == nil || first.GetSnapshot().GetReset_() || len(first.GetSnapshot().GetStandings()) != 1 {
		t.Fatalf("%v", first)
	}
	service.Kill(t, "watched")
	submit(t, client, id, "ada", 5)
	service.StartServer(t, "watched", nil)
	token := first.GetResumeToken()
	for seen := false; !seen; {
		message := next()
		token = message.GetResumeToken()
		seen = brings(t, message, "ada")
	}
	if got := fmt.Sprint(told); got != "[live CONNECTION_FAILED live]" {
		t.Errorf("told %s", got)
	}
	if request.GetResumeToken() != "" {
		t.Error("the request was changed")
	}
	stop()

	// Another process goes on after the token.
	submit(t, client, id, "bob", 7)
	request.ResumeToken = token
	next, _ = events(t, client.WatchStandings(t.Context(), request))
	for !brings(t, next(), "bob") {
	}
}

// brings says whether a message of a resumed watch tells of a player. The server may tell the changes,
// or the whole view with a reset.
func brings(t *testing.T, message *rostrumv1.WatchStandingsResponse, playerID string) bool {
	t.Helper()
	if snapshot := message.GetSnapshot(); snapshot != nil {
		if !snapshot.GetReset_() {
			t.Errorf("the watch began anew without a word: %v", snapshot)
		}
		return slices.ContainsFunc(snapshot.GetStandings(), func(s *rostrumv1.Standing) bool { return s.GetPlayerId() == playerID })
	}
	return slices.ContainsFunc(message.GetChanges().GetChanges(), func(c *rostrumv1.RankChange) bool { return c.GetPlayerId() == playerID })
}

func TestWatchTellsAReset(t *testing.T) {
	client := service.Connect(t, "writer")
	id := board(t, client)
	address := service.StartServer(t, "reset", nil)
	defer service.Do(t, map[string]any{"op": "stop", "server": "reset"})
	watcher := service.Connect(t, "reader", rostrum.WithAddress(address))
	next, _ := events(t, watcher.WatchStandings(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: id}))
	next()
	// What is rebuilt begins anew, whatever the token says.
	rebuild, err := service.Connect(t, "admin").AdminService().RebuildLeaderboard(t.Context(), &rostrumv1.RebuildLeaderboardRequest{LeaderboardId: id})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = rebuild.Recv()
	}
	service.Kill(t, "reset")
	service.Do(t, map[string]any{"op": "store", "store": "redis", "do": "kill"})
	service.Do(t, map[string]any{"op": "store", "store": "redis", "do": "start"})
	submit(t, client, id, "ada", 5)
	service.StartServer(t, "reset", nil)
	for {
		if snapshot := next().GetSnapshot(); snapshot != nil {
			if !snapshot.GetReset_() {
				t.Errorf("a snapshot without reset: %v", snapshot)
			}
			return
		}
	}
}

func TestWatchChangesGivesEachChangeOnce(t *testing.T) {
	address := service.StartServer(t, "changes", nil)
	defer service.Do(t, map[string]any{"op": "stop", "server": "changes"})
	client := service.Connect(t, "writer")
	id := board(t, client)
	watcher := service.Connect(t, "reader", rostrum.WithAddress(address))
	next, _ := events(t, watcher.WatchChanges(t.Context(), &rostrumv1.WatchChangesRequest{LeaderboardId: id}))
	start := next().GetRevision()
	const total = 2000
	var writing sync.WaitGroup
	writing.Go(func() {
		stream, err := client.Stream(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		for range total {
			if _, err := stream.Submit(t.Context(), score(id, "ada", 1)); err != nil {
				t.Error(err)
				return
			}
		}
		if err := stream.Close(); err != nil {
			t.Error(err)
		}
	})
	writing.Go(func() {
		for range 2 {
			time.Sleep(100 * time.Millisecond)
			service.Ask(map[string]any{"op": "kill", "server": "changes"}, nil)
			service.Ask(map[string]any{"op": "start", "server": "changes"}, nil)
		}
	})
	last, count := start, 0
	for count < total {
		for _, change := range next().GetChanges() {
			if change.GetRevision() <= last {
				t.Fatalf("revision %d after %d", change.GetRevision(), last)
			}
			last = change.GetRevision()
			count++
			if got := change.GetStanding().GetScore(); got != float64(count) {
				t.Fatalf("change %d has the score %v", count, got)
			}
		}
	}
	writing.Wait()
}

func TestWatchesEnd(t *testing.T) {
	client := service.Connect(t, "reader")
	id := board(t, service.Connect(t, "writer"))
	request := &rostrumv1.WatchStandingsRequest{LeaderboardId: id}
	last := func(watch iter.Seq2[*rostrumv1.WatchStandingsResponse, error]) (err error) {
		for _, err = range watch {
		}
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	count := 0
	for _, err := range client.WatchStandings(ctx, request) {
		count++
		if count == 1 {
			cancel()
			continue
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	if count != 2 {
		t.Errorf("the loop had %d turns", count)
	}
	if err := last(client.WatchStandings(within(t, 200*time.Millisecond), request)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	wantReason(t, last(client.WatchStandings(t.Context(), nil)), rostrum.ErrInvalidField)
	wantReason(t, last(client.WatchStandings(t.Context(), request, nil)), rostrum.ErrInvalidOptions)
	wantReason(t, last(client.WatchStandings(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: "nowhere"})), rostrum.ErrLeaderboardNotFound)
	wantReason(t, last(client.WatchStandings(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: "\xff"})), rostrum.ErrInvalidField)
	wantReason(t, last(client.WatchStandings(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: id, ResumeToken: "x"})), rostrum.ErrInvalidResumeToken)
	away := service.Connect(t, "reader", rostrum.WithAddress("127.0.0.1:1"), rostrum.WithDefaultTimeout(300*time.Millisecond))
	wantText(t, last(away.WatchStandings(t.Context(), request)), "nothing listens there")

	// Closing the client inside the loop.
	closing := service.Connect(t, "reader")
	for _, err := range closing.WatchStandings(t.Context(), request) {
		if err != nil {
			wantReason(t, err, rostrum.ErrClientClosed)
		}
		closing.Close()
	}
	// Loops that are left half-way leave nothing behind.
	leaving := service.Connect(t, "reader")
	for range 100 {
		for range leaving.WatchStandings(t.Context(), request) {
			break
		}
	}
	leaving.Close()
	client.Close()
	away.Close()
}

func TestWatchAwaitsALeaderboard(t *testing.T) {
	client := service.Connect(t, "writer")
	request := &rostrumv1.WatchStandingsRequest{LeaderboardId: t.Name()}
	short := service.Connect(t, "reader", rostrum.WithDefaultTimeout(100*time.Millisecond))
	view, err := short.LiveView(t.Context(), request, rostrum.AwaitLeaderboard())
	if err != nil {
		t.Fatal(err)
	}
	next, _ := events(t, short.WatchStandings(t.Context(), request, rostrum.AwaitLeaderboard()))
	time.Sleep(1500 * time.Millisecond) // longer than the default timeout, for which only a connection has to be made
	if state := view.Now().State; state != rostrum.ViewConnecting {
		t.Errorf("the view is %v", state)
	}
	submit(t, client, t.Name(), "ada", 1)
	if got := next().GetSnapshot().GetStandings(); len(got) != 1 {
		t.Errorf("%v", got)
	}
	if err := view.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := service.Connect(t, "admin").LeaderboardService().DeleteLeaderboard(t.Context(), &rostrumv1.DeleteLeaderboardRequest{LeaderboardId: t.Name()}); err != nil {
		t.Fatal(err)
	}
	for view.Now().State != rostrum.ViewClosed {
		<-view.Changed()
	}
	wantReason(t, view.Now().Err, rostrum.ErrLeaderboardNotFound)
}

func TestLiveViewHoldsThePresentStandings(t *testing.T) {
	address := service.StartServer(t, "viewed", nil)
	defer service.Do(t, map[string]any{"op": "stop", "server": "viewed"})
	client := service.Connect(t, "writer")
	id := board(t, client)
	viewer := service.Connect(t, "reader", rostrum.WithAddress(address))
	var mu sync.Mutex
	var states []string
	tell := func(state string) {
		mu.Lock()
		defer mu.Unlock()
		states = append(states, state)
	}
	view, err := viewer.LiveView(t.Context(), &rostrumv1.WatchStandingsRequest{
		LeaderboardId: id,
		View:          &rostrumv1.WatchStandingsRequest_Top_{Top: &rostrumv1.WatchStandingsRequest_Top{Count: 5}},
	}, rostrum.OnLive(func() { tell("live") }), rostrum.OnInterrupted(func(*rostrum.Error, time.Duration) { tell("interrupted") }))
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	if err := view.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		submit(t, client, id, fmt.Sprint("p", i%12), float64(i%7+1))
		if i == 30 {
			service.Kill(t, "viewed")
			for view.Now().State == rostrum.ViewLive {
				<-view.Changed()
			}
			if now := view.Now(); now.State != rostrum.ViewInterrupted || !errors.Is(now.Err, rostrum.ErrConnectionFailed) || len(now.Standings) != 5 {
				t.Errorf("%v", now)
			}
			service.StartServer(t, "viewed", nil)
		}
	}
	want, err := client.StandingService().ListStandings(t.Context(), &rostrumv1.ListStandingsRequest{LeaderboardId: id, PageSize: 5})
	if err != nil {
		t.Fatal(err)
	}
	ctx := within(t, 30*time.Second)
	for {
		changed := view.Changed()
		now := view.Now()
		if now.Revision == want.GetRevision() && now.State == rostrum.ViewLive {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("the view stays at %d of %d", now.Revision, want.GetRevision())
		}
	}
	now := view.Now()
	if now.TotalPlayers != want.GetTotalPlayers() || len(now.Standings) != len(want.GetStandings()) {
		t.Fatalf("%v, want %v", now, want)
	}
	for i, standing := range now.Standings {
		if !proto.Equal(standing, want.GetStandings()[i]) {
			t.Errorf("%v, want %v", standing, want.GetStandings()[i])
		}
	}
	mu.Lock()
	if got := fmt.Sprint(states); got != "[live interrupted live]" {
		t.Errorf("told %s", got)
	}
	mu.Unlock()
}

func TestLiveViewUpdates(t *testing.T) {
	client := service.Connect(t, "writer")
	id := board(t, client)
	view, err := client.LiveView(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: id})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for update, err := range view.Updates(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range update.Changes {
			lines = append(lines, fmt.Sprint(change.GetKind(), " ", change.GetPlayerId(), " ", change.GetPreviousRank(), ">", change.GetStanding().GetRank()))
		}
		switch len(lines) {
		case 0:
			submit(t, client, id, "ada", 5)
		case 1, 2:
			submit(t, client, id, "bob", 9)
			// A loop that is slow gets one update for several changes.
			time.Sleep(300 * time.Millisecond)
		}
		if len(update.Standings) == 3 {
			break
		}
	}
	if got := fmt.Sprint(lines); got != "[KIND_ENTERED ada 0>1 KIND_MOVED first 1>2 KIND_ENTERED bob 0>1 KIND_MOVED ada 1>2 KIND_MOVED first 2>3]" {
		t.Errorf("%s", got)
	}
	if view.Now().State != rostrum.ViewLive {
		t.Error("leaving the loop closed the view")
	}
	for _, err := range view.Updates(within(t, 100*time.Millisecond)) {
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	view.Close()
	view.Close()
	turns := 0
	for _, err := range view.Updates(t.Context()) {
		turns++
		if err != nil {
			t.Error(err)
		}
	}
	if turns != 1 || view.Now().State != rostrum.ViewClosed || view.Now().Err != nil {
		t.Errorf("%d turns, then %v", turns, view.Now())
	}
}

func TestLiveViewRefusesWhatIsWrong(t *testing.T) {
	client := service.Connect(t, "reader")
	_, err := client.LiveView(t.Context(), nil)
	wantReason(t, err, rostrum.ErrInvalidField)
	_, err = client.LiveView(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: "x", ResumeToken: "y"})
	wantReason(t, err, rostrum.ErrInvalidField)
	_, err = client.LiveView(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: "x"}, nil)
	wantReason(t, err, rostrum.ErrInvalidOptions)
	view, err := client.LiveView(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: "nowhere"})
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, view.Ready(t.Context()), rostrum.ErrLeaderboardNotFound)
	for _, err := range view.Updates(t.Context()) {
		wantReason(t, err, rostrum.ErrLeaderboardNotFound)
	}
	awaiting, err := client.LiveView(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: "nowhere"}, rostrum.AwaitLeaderboard())
	if err != nil {
		t.Fatal(err)
	}
	awaiting.Close()
	wantReason(t, awaiting.Ready(t.Context()), rostrum.ErrViewClosed)

	// From its own callbacks, a view and its client may be closed.
	id := board(t, service.Connect(t, "writer"))
	var mine *rostrum.LiveView
	made := make(chan struct{})
	mine, err = client.LiveView(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: id}, rostrum.OnLive(func() {
		<-made
		mine.Close()
		client.Close()
	}))
	if err != nil {
		t.Fatal(err)
	}
	close(made)
	for mine.Now().State != rostrum.ViewClosed {
		<-mine.Changed()
	}
}

func TestManyWatchesOnOneClient(t *testing.T) {
	client := service.Connect(t, "writer")
	id := board(t, client)
	// A connection carries 1,000 calls; the one more is the submission below.
	views := make([]*rostrum.LiveView, 999)
	for i := range views {
		var err error
		if views[i], err = client.LiveView(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: id}); err != nil {
			t.Fatal(err)
		}
	}
	for _, view := range views {
		if err := view.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	submit(t, client, id, "ada", 5)
	for _, view := range views {
		for {
			changed := view.Changed()
			if len(view.Now().Standings) == 2 {
				break
			}
			<-changed
		}
	}
	client.Close()
	wantNothingRunning(t)
}
