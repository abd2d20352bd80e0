package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
)

const (
	// Handshakes under way at a time.
	openingAtOnce = 16
	watchPatience = 2 * time.Minute
	// Field 2 with a nested message: of a WatchStandingsResponse, what changed.
	changes = 2<<3 | 2
)

// watching is a number of watches of one view, and when each of them hears of a change.
type watching struct {
	load  *load
	begin time.Time
	// Of the change under way, by watch, since begin.
	heard   []time.Duration
	pending atomic.Int64
	done    chan struct{}
	failed  chan error
}

// watch opens watches on connections of their own, and waits until each has its snapshot.
func (l *load) watch(m *message) (*watching, error) {
	connections := make([]*grpc.ClientConn, m.Connections)
	opened, broken := make(chan int, m.Connections), make(chan error, 1)
	for number := range m.Connections {
		opened <- number
	}
	close(opened)
	var openers sync.WaitGroup
	for range openingAtOnce {
		openers.Go(func() {
			for number := range opened {
				connection, err := l.open("tls")
				if err != nil {
					tell(broken, err)
					return
				}
				connections[number] = connection
			}
		})
	}
	openers.Wait()
	select {
	case err := <-broken:
		return nil, err
	default:
	}
	w := &watching{load: l, heard: make([]time.Duration, m.Watches), failed: make(chan error, 1)}
	// One more on each connection at a time: the server gets to know the watches of a connection one
	// by one, among those of others, as it would from players who come and go.
	for first := 0; first < m.Watches; first += m.Connections {
		round := min(m.Connections, m.Watches-first)
		w.expect(round)
		for number := range round {
			if err := w.open(connections[number], first+number, m.Template); err != nil {
				return nil, err
			}
		}
		if err := w.wait(); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *watching) open(connection *grpc.ClientConn, number int, t *template) error {
	description := &grpc.StreamDesc{ServerStreams: true}
	stream, err := connection.NewStream(context.Background(), description, t.Path)
	if err != nil {
		return err
	}
	if err := errors.Join(stream.SendMsg(t.Message), stream.CloseSend()); err != nil {
		return err
	}
	go w.listen(number, stream)
	return nil
}

// listen notes when a watch hears of each change; its first message, the snapshot, counts as one.
func (w *watching) listen(number int, stream grpc.ClientStream) {
	for first := true; ; first = false {
		var answer []byte
		if err := stream.RecvMsg(&answer); err != nil {
			tell(w.failed, fmt.Errorf("watch %d: %w", number, err))
			return
		}
		if !first && (len(answer) == 0 || answer[0] != changes) {
			continue
		}
		w.heard[number] = time.Since(w.begin)
		if w.pending.Add(-1) == 0 {
			close(w.done)
		}
	}
}

// change makes one call, which changes the view once, and waits until all watches have heard of it.
func (w *watching) change(t *template) (map[string]any, error) {
	w.expect(len(w.heard))
	if _, err := w.load.call(t); err != nil {
		return nil, err
	}
	acknowledged := time.Since(w.begin)
	if err := w.wait(); err != nil {
		return nil, err
	}
	slices.Sort(w.heard)
	return map[string]any{
		"kind":         "changed",
		"acknowledged": inMilliseconds(acknowledged),
		"first":        inMilliseconds(w.heard[0]),
		"median":       inMilliseconds(w.heard[len(w.heard)/2]),
		"last":         inMilliseconds(w.heard[len(w.heard)-1]),
	}, nil
}

// expect begins to wait for so many watches.
func (w *watching) expect(watches int) {
	w.done = make(chan struct{})
	w.pending.Store(int64(watches))
	w.begin = time.Now()
}

func (w *watching) wait() error {
	select {
	case <-w.done:
		return nil
	case err := <-w.failed:
		return err
	case <-time.After(watchPatience):
		return fmt.Errorf("%d watches heard nothing", w.pending.Load())
	}
}

// tell keeps the first error only.
func tell(errors chan error, err error) {
	select {
	case errors <- err:
	default:
	}
}
