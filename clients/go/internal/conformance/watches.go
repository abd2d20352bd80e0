package main

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

type watch struct {
	stop   context.CancelFunc
	closed atomic.Bool
	ended  chan struct{}

	mu     sync.Mutex
	paused chan struct{} // closed when the loop may go on; nil while it is not paused
}

func (w *watch) setPaused(paused bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case paused && w.paused == nil:
		w.paused = make(chan struct{})
	case !paused && w.paused != nil:
		close(w.paused)
		w.paused = nil
	}
}

func (w *watch) awaitResumed() {
	w.mu.Lock()
	paused := w.paused
	w.mu.Unlock()
	if paused != nil {
		<-paused
	}
}

func (a *agent) beginWatch(ctx context.Context, client *rostrum.Client, r *request) work {
	if r.Op == "watch.open" {
		return done(nil, a.openWatch(ctx, client, r))
	}
	w := a.watches[r.Watch]
	if w == nil {
		return done(nil, unsupported("there is no watch "+r.Watch))
	}
	w.setPaused(r.Op == "watch.pause")
	if r.Op != "watch.close" {
		return done(nil, nil)
	}
	w.closed.Store(true)
	w.stop()
	return func() (any, error) { <-w.ended; return nil, nil }
}

func (a *agent) watchOptions(r *request, of string, name string) []rostrum.WatchOption {
	list := []rostrum.WatchOption{
		rostrum.OnLive(func() {
			if of == "watch" {
				a.tell(map[string]any{"event": "live", of: name})
			} else {
				a.tell(map[string]any{"event": "state", of: name, "state": "live"})
			}
		}),
		rostrum.OnInterrupted(func(cause *rostrum.Error, _ time.Duration) {
			if of == "watch" {
				a.tell(map[string]any{"event": "interrupted", of: name, "error": toError(cause)})
			} else {
				a.tell(map[string]any{"event": "state", of: name, "state": "interrupted", "error": toError(cause)})
			}
		}),
	}
	if r.Options.AwaitLeaderboard {
		list = append(list, rostrum.AwaitLeaderboard())
	}
	return list
}

func (a *agent) openWatch(ctx context.Context, client *rostrum.Client, r *request) error {
	ctx, stop := context.WithCancel(ctx)
	w := &watch{stop: stop, ended: make(chan struct{})}
	list := a.watchOptions(r, "watch", r.Watch)
	var follow func() error
	switch r.Kind {
	case "standings":
		request, err := optional(r.Request, &rostrumv1.WatchStandingsRequest{})
		if err != nil {
			stop()
			return err
		}
		follow = func() error {
			return each(w, client.WatchStandings(ctx, request, list...), func(message *rostrumv1.WatchStandingsResponse) {
				a.tell(standingsEvent(r.Watch, message))
			})
		}
	case "changes":
		request, err := optional(r.Request, &rostrumv1.WatchChangesRequest{})
		if err != nil {
			stop()
			return err
		}
		follow = func() error {
			return each(w, client.WatchChanges(ctx, request, list...), func(message *rostrumv1.WatchChangesResponse) {
				a.tell(changesEvent(r.Watch, message))
			})
		}
	default:
		stop()
		return unsupported("there is no watch of " + r.Kind)
	}
	a.watches[r.Watch] = w
	a.running.Go(func() {
		defer stop()
		err := follow()
		event := map[string]any{"event": "ended", "watch": r.Watch}
		if err != nil && !w.closed.Load() {
			event["error"] = toError(err)
		}
		a.tell(event)
		close(w.ended)
	})
	return nil
}

// each hands on the messages of a watch, and asks for none while it is paused.
func each[Message any](w *watch, messages iter.Seq2[Message, error], take func(Message)) error {
	for message, err := range messages {
		if err != nil {
			return err
		}
		// One that was asked for before the pause is told after it.
		w.awaitResumed()
		take(message)
		w.awaitResumed()
		if w.closed.Load() {
			return nil
		}
	}
	return nil
}

func standingsEvent(name string, message *rostrumv1.WatchStandingsResponse) map[string]any {
	event := messageEvent(name, "checkpoint", message.GetRevision(), message.GetResumeToken())
	switch of := message.GetEvent().(type) {
	case *rostrumv1.WatchStandingsResponse_Snapshot:
		event["type"] = "snapshot"
		event["standings"] = allToJSON(of.Snapshot.GetStandings())
		event["totalPlayers"] = of.Snapshot.GetTotalPlayers()
		event["reset"] = of.Snapshot.GetReset_()
	case *rostrumv1.WatchStandingsResponse_Changes:
		event["type"] = "changes"
		event["changes"] = allToJSON(of.Changes.GetChanges())
		event["totalPlayers"] = of.Changes.GetTotalPlayers()
	}
	return event
}

func changesEvent(name string, message *rostrumv1.WatchChangesResponse) map[string]any {
	event := messageEvent(name, "checkpoint", message.GetRevision(), message.GetResumeToken())
	if len(message.GetChanges()) > 0 {
		event["type"] = "changes"
	}
	event["changes"] = allToJSON(message.GetChanges())
	event["reset"] = message.GetReset_()
	return event
}

func (a *agent) beginView(ctx context.Context, client *rostrum.Client, r *request) work {
	if r.Op == "view.open" {
		request, err := optional(r.Request, &rostrumv1.WatchStandingsRequest{})
		if err != nil {
			return done(nil, err)
		}
		a.tell(map[string]any{"event": "state", "view": r.View, "state": "connecting"})
		view, err := client.LiveView(ctx, request, a.watchOptions(r, "view", r.View)...)
		if err != nil {
			return done(nil, err)
		}
		a.views[r.View] = view
		a.running.Go(func() {
			for {
				changed := view.Changed()
				if view.Now().State == rostrum.ViewClosed {
					break
				}
				<-changed
			}
			event := map[string]any{"event": "state", "view": r.View, "state": "closed"}
			if err := view.Now().Err; err != nil {
				event["error"] = toError(err)
			}
			a.tell(event)
		})
		return done(nil, nil)
	}
	view := a.views[r.View]
	if view == nil {
		return done(nil, unsupported("there is no view "+r.View))
	}
	switch r.Op {
	case "view.ready":
		return func() (any, error) { return nil, view.Ready(ctx) }
	case "view.close":
		return func() (any, error) { return nil, view.Close() }
	}
	now := view.Now()
	state := map[string]any{
		"state":        now.State.String(),
		"standings":    allToJSON(now.Standings),
		"totalPlayers": now.TotalPlayers,
		"revision":     toText(now.Revision),
	}
	if now.Err != nil {
		state["error"] = toError(now.Err)
	}
	return done(state, nil)
}

// optional is the message of a JSON object; nil for null.
func optional[Message proto.Message](raw []byte, message Message) (Message, error) {
	var none Message
	if string(raw) == "null" {
		return none, nil
	}
	return message, fromJSON(raw, message)
}
