package main

import (
	"context"
	"sync"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// stream does the work on one score stream in order, and tells its results in order.
type stream struct {
	stream *rostrum.Stream
	ctx    context.Context
	orders chan func()
	given  chan given
}

// given is one submission: refused at once, or pending.
type given struct {
	pending *rostrum.Pending
	err     error
	passed  chan struct{} // instead of both: closed when all before it are told
}

func (a *agent) beginStream(ctx context.Context, client *rostrum.Client, r *request) work {
	if r.Op == "stream.open" {
		return done(nil, a.openStream(ctx, client, r))
	}
	s := a.streams[r.Stream]
	if s == nil {
		return done(nil, unsupported("there is no stream "+r.Stream))
	}
	type answer struct {
		ok  any
		err error
	}
	answers := make(chan answer, 1)
	s.orders <- func() {
		var err error
		if r.Op == "stream.submit" {
			err = s.submit(ctx, r)
		} else {
			told := make(chan struct{})
			s.given <- given{passed: told}
			<-told
			err = s.stream.Close()
		}
		answers <- answer{nil, err}
	}
	return func() (any, error) {
		answer := <-answers
		return answer.ok, answer.err
	}
}

func (a *agent) openStream(ctx context.Context, client *rostrum.Client, r *request) error {
	o := r.Options
	var list []rostrum.StreamOption
	if o.MaxInFlight != nil {
		list = append(list, rostrum.WithMaxInFlight(*o.MaxInFlight))
	}
	if o.MaxPending != nil {
		list = append(list, rostrum.WithMaxPending(*o.MaxPending))
	}
	if o.GiveUpAfterMs != nil {
		list = append(list, rostrum.WithGiveUpAfter(milliseconds(*o.GiveUpAfterMs)))
	}
	accepts, err := acceptsDuplicates(o)
	if err != nil {
		return err
	}
	if accepts {
		list = append(list, rostrum.AcceptDuplicates())
	}
	opened, err := client.Stream(ctx, list...)
	if err != nil {
		return err
	}
	s := &stream{stream: opened, ctx: ctx, orders: make(chan func(), 1024), given: make(chan given, 1<<16)}
	a.streams[r.Stream] = s
	go func() {
		for order := range s.orders {
			order()
		}
	}()
	go a.tellResults(r.Stream, s)
	return nil
}

// submit submits from so many goroutines at once as the request says.
func (s *stream) submit(ctx context.Context, r *request) error {
	submissions := make([]*rostrumv1.ScoreSubmission, len(r.Submissions))
	for i, raw := range r.Submissions {
		var err error
		if submissions[i], err = toSubmission(raw); err != nil {
			return err
		}
	}
	callers := max(r.Callers, 1)
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for i := caller; i < len(submissions); i += callers {
				pending, err := s.stream.Submit(ctx, submissions[i])
				s.given <- given{pending: pending, err: err}
			}
		})
	}
	all.Wait()
	return nil
}

func (a *agent) tellResults(name string, s *stream) {
	index := 0
	for given := range s.given {
		if given.passed != nil {
			close(given.passed)
			continue
		}
		event := map[string]any{"event": "result", "stream": name, "index": index}
		index++
		err := given.err
		if err == nil {
			result, failure := given.pending.Result(context.Background())
			err = failure
			event["ok"] = toJSON(result)
		}
		if err != nil {
			delete(event, "ok")
			event["error"] = toError(err)
		}
		a.tell(event)
	}
}
