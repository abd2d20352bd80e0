package rostrum

import (
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
)

// Retry says how failed calls are tried again, and lost streams and watches opened again. Zero values
// stand for the defaults.
type Retry struct {
	// InitialBackoff is the wait before the first retry. Default: 50 ms.
	InitialBackoff time.Duration
	// MaxBackoff is the longest wait. Default: 1 s.
	MaxBackoff time.Duration
	// MaxAttempts is how often one unary call is tried, the first time included. Default: until its
	// deadline.
	MaxAttempts int
}

// backoff gives waits that double from one failure to the next, each shortened at random by up to a
// half.
type backoff struct {
	retry Retry
	next  time.Duration
}

func newBackoff(retry Retry) *backoff {
	return &backoff{retry: retry, next: retry.InitialBackoff}
}

// wait is the next wait: never shorter than what the service asked for.
func (b *backoff) wait(least time.Duration) time.Duration {
	ceiling := b.next
	b.next = min(ceiling*2, b.retry.MaxBackoff)
	// Clients that were told the same wait must not come back in the same instant either.
	return least + ceiling/2 + rand.N(ceiling/2+1)
}

// reset starts over after a success.
func (b *backoff) reset() { b.next = b.retry.InitialBackoff }

// retryWait says whether a failed call is worth another try, and the least time to wait before it.
// repeatable: whether sending the call a second time is harmless.
func retryWait(e *Error, repeatable bool) (time.Duration, bool) {
	switch e.Reason {
	case ErrShuttingDown, ErrOverloaded:
		return e.RetryAfter, true // the service says that it did not begin
	case ErrConnectionFailed, ErrCertificateRefused:
		return e.RetryAfter, repeatable && !e.permanent
	}
	switch {
	case !repeatable:
		return 0, false
	case e.Code == codes.Unavailable:
		return e.RetryAfter, true
	case e.Code == codes.ResourceExhausted, e.Code == codes.Aborted:
		return e.RetryAfter, e.retryNamed
	}
	return 0, false
}

// reopenWait is the same for a stream that has ended: also where the server ended it because this
// client did not keep up.
func reopenWait(e *Error) (time.Duration, bool) {
	if e.Reason == ErrWatcherTooSlow {
		return e.RetryAfter, true
	}
	return retryWait(e, true)
}
