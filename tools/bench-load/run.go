package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// A streamed submission that was refused, where there is no gRPC status to count.
const refusedItem = -3

// run is load of one kind under way.
type run struct {
	load      *load
	message   *message
	measuring atomic.Bool
	stopping  atomic.Bool
	callers   sync.WaitGroup

	mutex        sync.Mutex
	latencies    []float64
	count        int
	acknowledged int
	failures     map[string]int
}

// tally is what one caller counted.
type tally struct {
	run          *run
	latencies    []float64
	count        int
	acknowledged int
	failures     map[string]int
}

// run makes load of one kind, measures it and tells when the time measured begins and ends.
func (l *load) run(m *message, tell func(moment string)) (map[string]any, error) {
	r := &run{load: l, message: m, failures: map[string]int{}}
	connections := l.connections[m.Transport]
	if m.Rate != nil {
		r.callers.Go(func() { r.offer(connections, *m.Rate) })
	} else {
		for caller := range m.Callers {
			connection := connections[caller%len(connections)]
			if m.Template.Streamed {
				r.callers.Go(func() { r.stream(connection) })
			} else {
				r.callers.Go(func() { r.unary(connection) })
			}
		}
	}
	time.Sleep(milliseconds(m.WarmUpMs))
	tell("begun")
	start := time.Now()
	r.measuring.Store(true)
	time.Sleep(milliseconds(m.MeasureMs))
	elapsed := time.Since(start)
	r.measuring.Store(false)
	tell("ended")
	r.stopping.Store(true)
	r.callers.Wait()
	slices.Sort(r.latencies)
	percentile := func(share float64) float64 {
		if len(r.latencies) == 0 {
			return 0
		}
		return r.latencies[min(len(r.latencies)-1, int(share*float64(len(r.latencies))))]
	}
	return map[string]any{
		"kind":         "result",
		"count":        r.count,
		"elapsedMs":    inMilliseconds(elapsed),
		"p50":          percentile(0.5),
		"p99":          percentile(0.99),
		"p999":         percentile(0.999),
		"max":          percentile(1),
		"acknowledged": r.acknowledged,
		"failures":     r.failures,
	}, nil
}

// unary is a caller that sends its next call when it has its answer.
func (r *run) unary(connection *grpc.ClientConn) {
	t := r.tally()
	defer t.close()
	next, message := r.requests()
	for !r.stopping.Load() {
		next.write(message)
		t.call(connection, message, time.Now())
	}
}

// offer sends calls at a fixed rate, each with the time at which it was due: what waits here or for
// the server counts as latency (no coordinated omission).
func (r *run) offer(connections []*grpc.ClientConn, rate float64) {
	next, _ := r.requests()
	interval := time.Duration(float64(time.Second) / rate)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	due := time.Now()
	for number := 0; !r.stopping.Load(); <-ticker.C {
		for now := time.Now(); !due.After(now); due = due.Add(interval) {
			message := slices.Clone(r.message.Template.Message)
			next.write(message)
			connection, dueAt := connections[number%len(connections)], due
			number++
			r.callers.Go(func() {
				t := r.tally()
				defer t.close()
				t.call(connection, message, dueAt)
			})
		}
	}
}

// stream is a caller with several submissions under way on one stream.
func (r *run) stream(connection *grpc.ClientConn) {
	t := r.tally()
	defer t.close()
	next, template := r.requests()
	description := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	stream, err := connection.NewStream(context.Background(), description, r.message.Template.Path)
	if err != nil {
		t.failed(err, 1)
		return
	}
	var sent []time.Time
	send := func() {
		// The stream may still hold the bytes after SendMsg has returned.
		message := slices.Clone(template)
		next.write(message)
		sent = append(sent, time.Now())
		// An error shows when the answer is read.
		_ = stream.SendMsg(message)
	}
	for range r.message.StreamWindow {
		send()
	}
	for answers := 0; ; answers++ {
		if len(sent) == answers {
			_ = stream.CloseSend()
		}
		var answer []byte
		if err := stream.RecvMsg(&answer); err != nil {
			if !errors.Is(err, io.EOF) || answers < len(sent) {
				t.failed(err, len(sent)-answers)
			}
			return
		}
		if goodItems(answer) == 1 {
			t.answered(sent[answers], 1)
		} else {
			t.failures[strconv.Itoa(refusedItem)]++
		}
		if !r.stopping.Load() {
			send()
		}
	}
}

// requests returns what makes the next request, and the bytes to make it in.
func (r *run) requests() (*requests, []byte) {
	template := r.message.Template
	next := &requests{template: template, players: r.load.players, submission: &r.load.submission}
	return next, slices.Clone(template.Message)
}

func (r *run) tally() *tally {
	return &tally{run: r, failures: map[string]int{}}
}

// call makes one call; its latency counts from the time given.
func (t *tally) call(connection *grpc.ClientConn, message []byte, from time.Time) {
	template := t.run.message.Template
	var answer []byte
	err := connection.Invoke(context.Background(), template.Path, message, &answer)
	good := template.Weight
	if err == nil && template.Weight > 1 {
		good = goodItems(answer)
	}
	if err == nil && good == template.Weight {
		t.answered(from, template.Weight)
	} else {
		t.failed(err, max(1, template.Weight-good))
	}
}

func (t *tally) answered(from time.Time, weight int) {
	t.acknowledged += weight
	if t.run.measuring.Load() {
		t.count += weight
		t.latencies = append(t.latencies, inMilliseconds(time.Since(from)))
	}
}

func (t *tally) failed(err error, count int) {
	t.failures[strconv.Itoa(int(status.Code(err)))] += count
}

func (t *tally) close() {
	r := t.run
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.latencies = append(r.latencies, t.latencies...)
	r.count += t.count
	r.acknowledged += t.acknowledged
	for code, count := range t.failures {
		r.failures[code] += count
	}
}

func milliseconds(value float64) time.Duration {
	return time.Duration(value * float64(time.Millisecond))
}

func inMilliseconds(duration time.Duration) float64 {
	return float64(duration) / float64(time.Millisecond)
}
