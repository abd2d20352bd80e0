package rostrum

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// StreamOption is an option of Stream.
type StreamOption interface{ applyStream(*streamSettings) }

type streamOption func(*streamSettings)

func (o streamOption) applyStream(s *streamSettings) { o(s) }

type streamSettings struct {
	maxInFlight      int
	maxPending       int
	giveUpAfter      time.Duration
	acceptDuplicates bool
}

// WithMaxInFlight sets how many submissions may be on their way without an answer. Default: 1,024.
func WithMaxInFlight(count int) StreamOption {
	return streamOption(func(s *streamSettings) { s.maxInFlight = count })
}

// WithMaxPending sets how many submissions the stream holds in all, those on their way included.
// Default: 65,536.
func WithMaxPending(count int) StreamOption {
	return streamOption(func(s *streamSettings) { s.maxPending = count })
}

// WithGiveUpAfter sets for how long to go on trying before a submission that is refused again and
// again is given up, or all of them when there is no connection. Negative: never. Default: 60 s.
func WithGiveUpAfter(patience time.Duration) StreamOption {
	return streamOption(func(s *streamSettings) { s.giveUpAfter = patience })
}

// Stream is many submissions over one call, from any number of goroutines. Results come in the order
// of the submissions. When the connection is lost, or the store of record is away, what was not
// answered is sent again with the same submission ids, so that nothing counts twice.
type Stream struct {
	connection *connection
	ctx        context.Context
	settings   streamSettings
	backoff    *backoff
	room       chan struct{} // holds a token for each submission without a result
	done       chan struct{} // closed when the stream has ended, by Close or by a failure

	mu      sync.Mutex
	changed *sync.Cond // of everything below
	// entries are those without a result, in the order of Submit; each is in one of the other two
	// queues, or refused and waiting to be sent again, or answered before one that is not.
	entries  queue[*Pending]
	unsent   queue[*Pending]
	inFlight queue[*Pending]
	// refused: nothing more is sent until what is on its way is answered. Only then is it known
	// which refused submissions a later one of the same player has overtaken.
	refused      bool
	retryAfter   time.Duration
	failingSince time.Time
	ending       bool
	failure      error
	failed       []*Pending
	failures     int
}

// Pending is a submission to a Stream, and its result when it is there.
type Pending struct {
	submissionID string
	player       player
	payload      encoded
	done         chan struct{}
	item         Item // valid when done is closed
	looked       atomic.Bool

	// Of the stream: the final answer, kept until those before it have theirs; the last refusal that
	// a retry may mend, and when the first was.
	answer       *Item
	refusal      *Item
	refusedSince time.Time
	// unsure: it was sent, and may have been recorded without an answer that says so.
	unsure bool
}

// SubmissionID is the id that the submission is sent with.
func (p *Pending) SubmissionID() string { return p.submissionID }

// Done is closed when Result would not wait.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Result waits for the result, or for the end of the context; the submission goes on then. The error of a
// submission that may have been recorded has submission_id in its Metadata, as that of Submit.
func (p *Pending) Result(ctx context.Context) (*rostrumv1.ScoreResult, error) {
	if err := await(ctx, p.done); err != nil {
		return nil, err
	}
	p.looked.Store(true)
	return p.item.Result, p.item.Err
}

// Stream opens a stream of submissions. It ends by Close or, without waiting for results, with the
// context. It connects with the first submission.
//
// Errors: ErrInvalidOptions, ErrClientClosed.
func (c *Client) Stream(ctx context.Context, options ...StreamOption) (*Stream, error) {
	settings := streamSettings{maxInFlight: 1024, maxPending: 65_536, giveUpAfter: time.Minute}
	for _, option := range options {
		if option == nil {
			return nil, invalidOptions("an option is nil")
		}
		option.applyStream(&settings)
	}
	if settings.maxInFlight < 1 || settings.maxPending < 1 {
		return nil, invalidOptions("WithMaxInFlight and WithMaxPending need a positive number")
	}
	if err := c.connection.begin(ctx); err != nil {
		return nil, err
	}
	s := &Stream{
		connection: c.connection,
		ctx:        ctx,
		settings:   settings,
		backoff:    newBackoff(c.connection.settings.retry),
		room:       make(chan struct{}, settings.maxPending),
		done:       make(chan struct{}),
	}
	s.changed = sync.NewCond(&s.mu)
	go func() {
		defer c.connection.operations.Done()
		s.run()
	}()
	return s, nil
}

// Submit gives the stream one submission, and waits while it is full. The submission is taken as it
// is now, and may be changed afterwards. The result is that of Pending: submit several before waiting
// for it.
//
// Errors: ErrInvalidField, ErrMessageTooLarge, ErrStreamEnded; what made the stream fail; the end of the
// context while the stream is full.
func (s *Stream) Submit(ctx context.Context, submission *rostrumv1.ScoreSubmission) (*Pending, error) {
	if ctx == nil {
		return nil, invalidOptions("the context is nil")
	}
	pending, err := s.newPending(submission)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ofContext(ctx)
	}
	select {
	case s.room <- struct{}{}:
	case <-ctx.Done():
		return nil, ofContext(ctx)
	case <-s.done:
	}
	return pending, s.add(pending)
}

// TrySubmit is Submit where nothing waits: ErrStreamFull, when the stream is full.
func (s *Stream) TrySubmit(submission *rostrumv1.ScoreSubmission) (*Pending, error) {
	pending, err := s.newPending(submission)
	if err != nil {
		return nil, err
	}
	select {
	case s.room <- struct{}{}:
	case <-s.done:
	default:
		return nil, &Error{
			Code:    codes.ResourceExhausted,
			Reason:  ErrStreamFull,
			Message: fmt.Sprintf("%d submissions are waiting already; Submit waits for room", s.settings.maxPending),
		}
	}
	return pending, s.add(pending)
}

func (s *Stream) newPending(submission *rostrumv1.ScoreSubmission) (*Pending, error) {
	submission, err := withID(submission, "submission")
	if err != nil {
		return nil, err
	}
	payload, unsendable := encode(&rostrumv1.StreamScoresRequest{Submission: submission})
	if unsendable != nil {
		return nil, unwrapFields(unsendable)
	}
	return &Pending{
		submissionID: submission.GetSubmissionId(),
		player:       playerOf(submission),
		payload:      payload,
		done:         make(chan struct{}),
	}, nil
}

func (s *Stream) add(pending *Pending) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failure != nil:
		return s.failure
	case s.ending:
		return &Error{Code: codes.FailedPrecondition, Reason: ErrStreamEnded, Message: "the score stream has ended"}
	}
	s.entries.push(pending)
	s.unsent.push(pending)
	s.changed.Broadcast()
	return nil
}

// Pending is how many submissions have no result yet.
func (s *Stream) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries.len()
}

// Close takes no more submissions, and returns when all have their results: with what made the stream
// fail, or with ErrSubmissionsFailed where submissions failed and nobody looked at their results.
// Cancel the stream's context not to wait.
func (s *Stream) Close() error {
	s.mu.Lock()
	s.ending = true
	s.changed.Broadcast()
	s.mu.Unlock()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return s.failure
	}
	return s.unseenFailures()
}

func (s *Stream) unseenFailures() error {
	unseen := s.failures - len(s.failed) // those beyond what is kept count as unseen
	var first error
	for _, pending := range s.failed {
		if !pending.looked.Load() {
			unseen++
			if first == nil {
				first = pending.item.Err
			}
		}
	}
	if unseen == 0 {
		return nil
	}
	return &Error{
		Code:     codes.Aborted,
		Reason:   ErrSubmissionsFailed,
		Message:  fmt.Sprintf("%d submissions failed and nobody looked at the result; the first: %v", unseen, first),
		Metadata: map[string]string{"count": fmt.Sprint(unseen)},
		cause:    first,
	}
}

// run sends, over one call after the other, until the stream has ended.
func (s *Stream) run() {
	defer close(s.done)
	defer context.AfterFunc(s.ctx, func() { s.fail(ofContext(s.ctx)) })()
	defer context.AfterFunc(s.connection.closing, func() { s.fail(clientClosed()) })()
	for s.awaitWork() {
		err := s.serve()
		if !s.isWaiting() {
			continue // nobody waits for an answer: the next submission opens a new call
		}
		failure := FromError(err)
		least, worthIt := time.Duration(0), true
		if failure != nil {
			least, worthIt = reopenWait(failure)
		}
		if !worthIt {
			s.fail(failure)
			return
		}
		s.mu.Lock()
		s.retryAfter = max(s.retryAfter, least)
		if s.failingSince.IsZero() {
			s.failingSince = time.Now()
		}
		tired := failure != nil && s.isPast(s.failingSince)
		s.mu.Unlock()
		if tired {
			s.fail(failure)
			return
		}
		s.sendAgain()
	}
}

// awaitWork waits for something to send; false when the stream has ended.
func (s *Stream) awaitWork() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.failure == nil && s.unsent.len() == 0 {
		if s.ending && s.entries.len() == 0 {
			return false
		}
		s.changed.Wait()
	}
	return s.failure == nil
}

func (s *Stream) isWaiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure == nil && s.entries.len() > 0
}

func (s *Stream) isPast(since time.Time) bool {
	return s.settings.giveUpAfter >= 0 && time.Since(since) >= s.settings.giveUpAfter
}

// serve sends over one call until it ends, and returns why; nil where the server ended it in order.
func (s *Stream) serve() error {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	desc := &rostrumv1.ScoreService_ServiceDesc.Streams[0]
	call, err := s.connection.open(ctx, desc, rostrumv1.ScoreService_StreamScores_FullMethodName, grpc.ForceCodecV2(encodedCodec{}))
	if err != nil {
		return err
	}
	over := false
	var reading sync.WaitGroup
	reading.Go(func() {
		err = s.read(call)
		s.mu.Lock()
		over = true
		s.changed.Broadcast()
		s.mu.Unlock()
	})
	s.send(call, &over)
	s.mu.Lock()
	failed := s.failure != nil
	s.mu.Unlock()
	if failed {
		cancel()
	}
	reading.Wait()
	s.mu.Lock()
	s.noteUnsure(err)
	s.mu.Unlock()
	return err
}

// noteUnsure notes what the end of a call leaves open of what is on its way.
func (s *Stream) noteUnsure(failure error) {
	if !mayBeDoneAfterStream(FromError(failure)) {
		return
	}
	for _, pending := range s.inFlight.all() {
		pending.unsure = true
	}
}

// send sends what waits until the call is over, or everything is answered and Close called.
func (s *Stream) send(call *clientStream, over *bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !*over && s.failure == nil {
		switch {
		case s.refused && s.inFlight.len() == 0:
			s.mu.Unlock()
			s.sendAgain()
			s.mu.Lock()
		case !s.refused && s.unsent.len() > 0 && s.inFlight.len() < s.settings.maxInFlight:
			pending := s.unsent.shift()
			s.inFlight.push(pending)
			s.mu.Unlock()
			err := call.SendMsg(pending.payload)
			s.mu.Lock()
			if err != nil {
				return // the reader is told why
			}
		case s.ending && s.entries.len() == 0:
			_ = call.CloseSend() // never fails
			return
		default:
			s.changed.Wait()
		}
	}
}

// read takes the answers until the call is over, and returns why.
func (s *Stream) read(call *clientStream) error {
	for {
		var answer rostrumv1.StreamScoresResponse
		switch err := call.RecvMsg(&answer); err {
		case nil:
			if !s.take(answer.GetItem()) {
				return &Error{Code: codes.Internal, Message: "the server sent an answer too many"}
			}
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// take notes the answer to the oldest submission on its way; false where there is none.
func (s *Stream) take(answer *rostrumv1.ScoreItem) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return true
	}
	if s.inFlight.len() == 0 {
		return false
	}
	pending := s.inFlight.shift()
	s.failingSince = time.Time{}
	item := toItem(pending.name(), answer, s.settings.acceptDuplicates)
	wait, worthIt := time.Duration(0), false
	if item.Err != nil {
		wait, worthIt = retryWait(FromError(item.Err), true)
		pending.unsure = mayBeDoneAfter(FromError(item.Err), pending.unsure)
	}
	if worthIt {
		pending.refusal = &item
		if pending.refusedSince.IsZero() {
			pending.refusedSince = time.Now()
		}
		s.retryAfter = max(s.retryAfter, wait)
		s.refused = true
	} else {
		pending.answer = &item
		s.backoff.reset()
		s.deliver()
	}
	s.changed.Broadcast()
	return true
}

// name is what an error says of the submission.
func (p *Pending) name() *rostrumv1.ScoreSubmission {
	return &rostrumv1.ScoreSubmission{LeaderboardId: p.player.leaderboardID, PlayerId: p.player.playerID, SubmissionId: p.submissionID}
}

// sendAgain waits, then makes everything without an answer unsent again, in the order of Submit.
func (s *Stream) sendAgain() {
	s.mu.Lock()
	wait := s.backoff.wait(s.retryAfter)
	s.retryAfter = 0
	s.mu.Unlock()
	if s.connection.sleep(s.ctx, wait) != nil {
		return // the stream fails by that
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return
	}
	s.inFlight.reset(nil)
	s.unsent.reset(s.unanswered())
	s.refused = false
	s.deliver()
	s.changed.Broadcast()
}

// unanswered is those that have no answer and are worth sending (again), in the same order. Those
// that are not get their last refusal as their answer: the ones refused for too long, and the ones
// that a later, accepted submission of the same player has overtaken. Arriving after it, they could
// replace it where the last write wins: that is for the caller to decide.
func (s *Stream) unanswered() []*Pending {
	overtaken := map[player]bool{}
	var unanswered []*Pending
	for _, pending := range slices.Backward(s.entries.all()) {
		switch {
		case pending.answer != nil:
			if pending.answer.Err == nil {
				overtaken[pending.player] = true
			}
		case pending.refusal != nil && (overtaken[pending.player] || s.isPast(pending.refusedSince)):
			pending.answer = pending.refusal
		default:
			pending.refusal = nil
			unanswered = append(unanswered, pending)
		}
	}
	slices.Reverse(unanswered)
	return unanswered
}

// deliver gives the answers to the callers, in order.
func (s *Stream) deliver() {
	for s.entries.len() > 0 && s.entries.first().answer != nil {
		s.settle(s.entries.shift())
	}
}

const keptFailures = 1024

func (s *Stream) settle(pending *Pending) {
	pending.item = *pending.answer
	pending.payload = nil
	if pending.item.Err != nil {
		if pending.unsure {
			pending.item.Err = mayBeRecorded(FromError(pending.item.Err), "submission_id", pending.submissionID)
		}
		s.failures++
		if len(s.failed) == keptFailures {
			s.failed = slices.DeleteFunc(s.failed, func(p *Pending) bool { return p.looked.Load() })
			s.failures -= keptFailures - len(s.failed)
		}
		if len(s.failed) < keptFailures {
			s.failed = append(s.failed, pending)
		}
	}
	close(pending.done)
	<-s.room
}

// fail ends the stream: all that have no answer fail with it.
func (s *Stream) fail(failure error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil || isDone(s.done) {
		return
	}
	s.failure = failure
	s.noteUnsure(failure)
	for s.entries.len() > 0 {
		pending := s.entries.shift()
		if pending.answer == nil {
			pending.answer = &Item{Err: failure, SubmissionID: pending.submissionID}
		}
		s.settle(pending)
	}
	s.unsent.reset(nil)
	s.inFlight.reset(nil)
	s.changed.Broadcast()
}

// encoded is a message that is encoded already.
type encoded []byte

// encodedCodec sends what is encoded as it is.
type encodedCodec struct{}

var protoCodec = encoding.GetCodecV2("proto")

func (encodedCodec) Name() string { return "proto" }

func (encodedCodec) Marshal(message any) (mem.BufferSlice, error) {
	if payload, ok := message.(encoded); ok {
		return mem.BufferSlice{mem.SliceBuffer(payload)}, nil
	}
	return protoCodec.Marshal(message)
}

func (encodedCodec) Unmarshal(data mem.BufferSlice, message any) error {
	return protoCodec.Unmarshal(data, message)
}

// queue is first in, first out.
type queue[T any] struct {
	items []T
	head  int
}

func (q *queue[T]) len() int { return len(q.items) - q.head }

func (q *queue[T]) first() T { return q.items[q.head] }

func (q *queue[T]) all() []T { return q.items[q.head:] }

func (q *queue[T]) push(item T) { q.items = append(q.items, item) }

func (q *queue[T]) shift() T {
	var none T
	item := q.items[q.head]
	q.items[q.head] = none
	q.head++
	if q.head*2 >= len(q.items) {
		left := copy(q.items, q.items[q.head:])
		clear(q.items[left:])
		q.items, q.head = q.items[:left], 0
	}
	return item
}

func (q *queue[T]) reset(items []T) { q.items, q.head = items, 0 }
