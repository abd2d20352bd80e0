package rostrum_test

import (
	"testing"
	"time"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// A server that hangs looks alive to TCP: it is found out by pings.
func TestAServerThatHangsIsLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 15 seconds")
	}
	second := service.StartServer(t, "hanging", nil)
	defer service.Do(t, map[string]any{"op": "kill", "server": "hanging"})
	client := service.Connect(t, "writer", rostrum.WithAddress(second, service.Address), rostrum.WithDefaultTimeout(40*time.Second))
	id := board(t, client)
	// Connected to both.
	views := make([]*rostrum.LiveView, 4)
	for i := range views {
		var err error
		if views[i], err = client.LiveView(t.Context(), &rostrumv1.WatchStandingsRequest{LeaderboardId: id}); err != nil {
			t.Fatal(err)
		}
		if err := views[i].Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stream := open(t, client)
	begun := time.Now()
	service.Do(t, map[string]any{"op": "signal", "server": "hanging", "signal": "SIGSTOP"})
	for range 10 {
		if _, err := stream.Submit(t.Context(), score(id, "streamed", 1)); err != nil {
			t.Fatal(err)
		}
		submit(t, client, id, "ada", 1)
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	for _, player := range []string{"ada", "streamed"} {
		if sum := standing(t, client, id, player).GetScore(); sum != 10 {
			t.Errorf("%s has %v", player, sum)
		}
	}
	for _, v := range views {
		for {
			changed := v.Changed()
			if len(v.Now().Standings) == 3 && v.Now().State == rostrum.ViewLive {
				break
			}
			<-changed
		}
	}
	if took := time.Since(begun); took > 25*time.Second {
		t.Errorf("it took %v", took)
	} else {
		t.Log("it took", took)
	}
}
