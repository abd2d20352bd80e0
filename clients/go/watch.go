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

func watchSettingsOf(options []WatchOption) (settings watchSettings, err error) {
	for _, option := range options {
		if option == nil {
			return settings, invalidOptions("an option is nil")
		}
		option(&settings)
	}
	return settings, nil
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
	return watch[*rostrumv1.WatchStandingsRequest, *rostrumv1.WatchStandingsResponse]{
		method:   rostrumv1.WatchService_WatchStandings_FullMethodName,
		setToken: func(request *rostrumv1.WatchStandingsRequest, token string) { request.ResumeToken = token },
		restarted: func(message *rostrumv1.WatchStandingsResponse) {
			if snapshot := message.GetSnapshot(); snapshot != nil {
				snapshot.Reset_ = true
			}
		},
	}.messages(ctx, c.connection, request, options)
}

// WatchChanges watches every change of a ranking in revision order, each exactly once after the
// request's resume token. Without a token the first message marks where the watch starts. It is
// resumed as WatchStandings is.
//
// Errors: as WatchStandings, and ErrResumeTokenExpired when changes after the last token are no longer
// retained: read the standings anew and watch without a token.
func (c *Client) WatchChanges(ctx context.Context, request *rostrumv1.WatchChangesRequest, options ...WatchOption) iter.Seq2[*rostrumv1.WatchChangesResponse, error] {
	return watch[*rostrumv1.WatchChangesRequest, *rostrumv1.WatchChangesResponse]{
		method:   rostrumv1.WatchService_WatchChanges_FullMethodName,
		setToken: func(request *rostrumv1.WatchChangesRequest, token string) { request.ResumeToken = token },
	}.messages(ctx, c.connection, request, options)
}

type watchMessage interface {
	proto.Message
	GetResumeToken() string
}

// watch is a call that is opened again after the last message read, whenever it is lost.
type watch[Request, Response watchMessage] struct {
	method   string
	setToken func(Request, string)
	// restarted is told of the first message of a watch that starts anew because the server no longer
	// takes its token. Nil for a watch that would miss something then.
	restarted func(Response)
}

// messages gives each message, and in the end perhaps an error. Only the first connection has a limit:
// the default timeout. An interruption lasts from the loss of a watch that was live until the next
// message, however often it is tried.
func (w watch[Request, Response]) messages(ctx context.Context, c *connection, request Request, options []WatchOption) iter.Seq2[Response, error] {
	return func(yield func(Response, error) bool) {
		var none Response
		settings, err := watchSettingsOf(options)
		switch {
		case err != nil:
		case ctx == nil:
			err = invalidOptions("the context is nil")
		case !request.ProtoReflect().IsValid():
			err = invalidField("", "the request is nil")
		}
		if err != nil {
			yield(none, err)
			return
		}
		request := proto.CloneOf(request)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		pause := newBackoff(c.settings.retry)
		connectBy := time.Now().Add(c.settings.defaultTimeout)
		token, restarted := request.GetResumeToken(), false
		firstToken := token
		hurry, everLive, live := true, false, false
		for {
			err := w.read(ctx, c, request, func(message Response) bool {
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
				if restarted {
					restarted = false
					w.restarted(message)
				}
				return yield(message, nil)
			})
			if err == nil {
				return // the loop was left
			}
			failure := FromError(err)
			least, worthIt := reopenWait(failure)
			if w.restarted != nil && token != firstToken && isTokenRefusal(failure) {
				token, restarted = "", true
				least, worthIt = 0, true
			}
			if settings.awaitLeaderboard && !everLive && failure.Reason == ErrLeaderboardNotFound {
				least, worthIt, hurry = 0, true, false // the server has answered
			}
			wait := pause.wait(least)
			if !worthIt || hurry && time.Until(connectBy) <= wait {
				yield(none, failure)
				return
			}
			if live {
				live = false
				if settings.onInterrupted != nil {
					settings.onInterrupted(failure, wait)
				}
			}
			if err := c.sleep(ctx, wait); err != nil {
				yield(none, err)
				return
			}
			w.setToken(request, token)
		}
	}
}

func isTokenRefusal(e *Error) bool {
	return errors.Is(e, ErrInvalidResumeToken) || errors.Is(e, ErrResumeTokenExpired)
}

// read opens the call once and hands on its messages. Nil: take wanted no more.
func (w watch[Request, Response]) read(ctx context.Context, c *connection, request Request, take func(Response) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, unsendable := encode(request); unsendable != nil {
		return unsendable
	}
	call, err := c.open(ctx, &grpc.StreamDesc{ServerStreams: true}, w.method)
	if err != nil {
		return err
	}
	if err := call.SendMsg(request); err != nil && err != io.EOF {
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
