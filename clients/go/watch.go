package rostrum

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// WatchOption is an option of WatchStandings, WatchChanges and LiveView.
type WatchOption func(*watchSettings)

type watchSettings struct {
	awaitLeaderboard bool
	onInterrupted    func(*Error, time.Duration)
	onLive           func()
}

// AwaitLeaderboard makes a watch wait for a leaderboard that does not exist yet, and look for it every
// second, rather than fail with ErrLeaderboardNotFound. One that is deleted later ends the watch.
func AwaitLeaderboard() WatchOption {
	return func(s *watchSettings) { s.awaitLeaderboard = true }
}

// OnInterrupted is told once each time that a watch is lost, and why. The watch is tried again after
// the wait, and then for as long as it takes; until OnLive what is known may be old. It must not
// block.
func OnInterrupted(tell func(cause *Error, wait time.Duration)) WatchOption {
	return func(s *watchSettings) { s.onInterrupted = tell }
}

// OnLive is told that the server says where the watch is: by its first message, and by the first one
// after each interruption, before the loop has that message. It must not block.
func OnLive(tell func()) WatchOption {
	return func(s *watchSettings) { s.onLive = tell }
}

// WatchStandings watches a view of a ranking: a snapshot first, then how it changes. Applying the
// messages in order gives exactly what a read at that revision would answer; LiveView does that for
// you. A snapshot with Reset_ replaces what was known.
//
// A lost watch is resumed after the last message that the loop had, also across restarts of the
// server. While the loop is busy nothing is read, and the server sends fewer, larger steps. Leaving
// the loop ends the watch; so does the context, with an error. An error is the last thing that the
// loop gets. Each loop is a watch of its own.
//
// Errors: ErrInvalidField, ErrInvalidResumeToken (for the request's own token),
// ErrLeaderboardNotFound, ErrTooManyWatches; ErrConnectionFailed when the first connection cannot be
// made within the default timeout.
func (c *Client) WatchStandings(ctx context.Context, request *rostrumv1.WatchStandingsRequest, options ...WatchOption) iter.Seq2[*rostrumv1.WatchStandingsResponse, error] {
	return func(yield func(*rostrumv1.WatchStandingsResponse, error) bool) {
		if request == nil {
			yield(nil, invalidField("", "the request is nil"))
			return
		}
		request := proto.CloneOf(request)
		w := watch[*rostrumv1.WatchStandingsResponse]{
			method:      rostrumv1.WatchService_WatchStandings_FullMethodName,
			request:     request,
			setToken:    func(token string) { request.ResumeToken = token },
			restartable: true,
		}
		w.run(ctx, c.connection, request.GetResumeToken(), options, func(message *rostrumv1.WatchStandingsResponse, restarted bool, err error) bool {
			if snapshot := message.GetSnapshot(); snapshot != nil && restarted {
				snapshot.Reset_ = true
			}
			return yield(message, err)
		})
	}
}

// WatchChanges watches every change of a ranking in revision order, each exactly once after the
// request's resume token. Without a token the first message marks where the watch starts. It is
// resumed as WatchStandings is.
//
// Errors: as WatchStandings, and ErrResumeTokenExpired when changes after the last token are no longer
// retained: read the standings anew and watch without a token.
func (c *Client) WatchChanges(ctx context.Context, request *rostrumv1.WatchChangesRequest, options ...WatchOption) iter.Seq2[*rostrumv1.WatchChangesResponse, error] {
	return func(yield func(*rostrumv1.WatchChangesResponse, error) bool) {
		if request == nil {
			yield(nil, invalidField("", "the request is nil"))
			return
		}
		request := proto.CloneOf(request)
		w := watch[*rostrumv1.WatchChangesResponse]{
			method:   rostrumv1.WatchService_WatchChanges_FullMethodName,
			request:  request,
			setToken: func(token string) { request.ResumeToken = token },
		}
		w.run(ctx, c.connection, request.GetResumeToken(), options, func(message *rostrumv1.WatchChangesResponse, _ bool, err error) bool {
			return yield(message, err)
		})
	}
}

type watchMessage interface {
	proto.Message
	GetResumeToken() string
}

// watch is a call that is opened again after the last message read, whenever it is lost.
type watch[Response watchMessage] struct {
	method   string
	request  proto.Message
	setToken func(string)
	// restartable: a watch whose token the server no longer takes may start anew, because it then
	// begins with a snapshot and nothing is missed silently.
	restartable bool
}

// run hands each message to yield, and in the end perhaps an error. Only the first connection has a
// limit: the default timeout. An interruption lasts from the loss of a watch that was live until the
// next message, however often it is tried.
func (w *watch[Response]) run(ctx context.Context, c *connection, firstToken string, options []WatchOption, yield func(message Response, restarted bool, err error) bool) {
	var none Response
	var settings watchSettings
	for _, option := range options {
		if option == nil {
			yield(none, false, invalidOptions("an option is nil"))
			return
		}
		option(&settings)
	}
	if ctx == nil {
		yield(none, false, invalidOptions("the context is nil"))
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pause := newBackoff(c.settings.retry)
	connectBy := time.Now().Add(c.settings.defaultTimeout)
	token, restarted := firstToken, false
	hurry, everLive, live := true, false, false
	for {
		err := w.read(ctx, c, func(message Response) bool {
			pause.reset()
			everLive, hurry = true, false
			if next := message.GetResumeToken(); next != "" {
				token = next
			}
			if !live {
				live = true
				if settings.onLive != nil {
					settings.onLive()
				}
			}
			wasRestarted := restarted
			restarted = false
			return yield(message, wasRestarted, nil)
		})
		if err == nil {
			return // the loop was left
		}
		failure := FromError(err)
		least, worthIt := reopenWait(failure)
		if w.restartable && token != firstToken && isTokenRefusal(failure) {
			token, restarted = "", true
			least, worthIt = 0, true
		}
		if failure.Reason == ErrConnectionFailed {
			explained, permanent := c.explain()
			if explained != nil {
				failure = explained
			}
			worthIt = worthIt && !permanent
		}
		if settings.awaitLeaderboard && !everLive && failure.Reason == ErrLeaderboardNotFound {
			least, worthIt, hurry = 0, true, false // the server has answered
		}
		wait := pause.wait(least)
		if !worthIt || hurry && time.Until(connectBy) <= wait {
			yield(none, false, failure)
			return
		}
		if live {
			live = false
			if settings.onInterrupted != nil {
				settings.onInterrupted(failure, wait)
			}
		}
		if err := c.sleep(ctx, wait); err != nil {
			yield(none, false, err)
			return
		}
		w.setToken(token)
	}
}

func isTokenRefusal(e *Error) bool {
	return errors.Is(e, ErrInvalidResumeToken) || errors.Is(e, ErrResumeTokenExpired)
}

// read opens the call once and hands on its messages. Nil: take wanted no more.
func (w *watch[Response]) read(ctx context.Context, c *connection, take func(Response) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, unsendable := encode(w.request); unsendable != nil {
		return unsendable
	}
	call, err := c.open(ctx, &grpc.StreamDesc{ServerStreams: true}, w.method)
	if err != nil {
		return err
	}
	if err := call.SendMsg(w.request); err != nil && err != io.EOF {
		return err
	}
	_ = call.CloseSend() // never fails
	var prototype Response
	for {
		message := prototype.ProtoReflect().New().Interface().(Response)
		switch err := call.RecvMsg(message); err {
		case nil:
			if !take(message) {
				return nil
			}
		case io.EOF:
			return &Error{Code: codes.Unavailable, Reason: ErrConnectionFailed, Message: "the server ended the watch"}
		default:
			return err
		}
	}
}
