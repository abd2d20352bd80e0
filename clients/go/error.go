package rostrum

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
)

// Reason says why a call failed. Each is an error to compare with:
//
//	errors.Is(err, rostrum.ErrStandingNotFound)
//
// Decide on the reason or on the code, never on the text of the message.
type Reason string

// Error returns the name of the reason, as the contract has it.
func (r Reason) Error() string { return string(r) }

// The reasons that the service gives; rostrum/v1/error.proto says what each means.
const (
	ErrInvalidField             Reason = "INVALID_FIELD"
	ErrInvalidPageToken         Reason = "INVALID_PAGE_TOKEN"
	ErrInvalidResumeToken       Reason = "INVALID_RESUME_TOKEN"
	ErrClientTimeInFuture       Reason = "CLIENT_TIME_IN_FUTURE"
	ErrBatchTooLarge            Reason = "BATCH_TOO_LARGE"
	ErrLeaderboardNotFound      Reason = "LEADERBOARD_NOT_FOUND"
	ErrLeaderboardAlreadyExists Reason = "LEADERBOARD_ALREADY_EXISTS"
	ErrStandingNotFound         Reason = "STANDING_NOT_FOUND"
	ErrSeasonNotFound           Reason = "SEASON_NOT_FOUND"
	ErrSegmentNotFound          Reason = "SEGMENT_NOT_FOUND"
	ErrLeaderboardNotEmpty      Reason = "LEADERBOARD_NOT_EMPTY"
	ErrNotSupported             Reason = "NOT_SUPPORTED"
	ErrTotalOutOfRange          Reason = "TOTAL_OUT_OF_RANGE"
	ErrResumeTokenExpired       Reason = "RESUME_TOKEN_EXPIRED"
	ErrIdentityMissing          Reason = "IDENTITY_MISSING"
	ErrRoleNotAllowed           Reason = "ROLE_NOT_ALLOWED"
	ErrStoreUnavailable         Reason = "STORE_UNAVAILABLE"
	ErrShuttingDown             Reason = "SHUTTING_DOWN"
	ErrOverloaded               Reason = "OVERLOADED"
	ErrWatcherTooSlow           Reason = "WATCHER_TOO_SLOW"
	ErrInternal                 Reason = "INTERNAL"
	ErrTooManyWatches           Reason = "TOO_MANY_WATCHES"
	ErrDeadlineExceeded         Reason = "DEADLINE_EXCEEDED"
)

// The reasons that arise in this client.
const (
	// ErrClientClosed (Canceled): the client was closed before the call ended.
	ErrClientClosed Reason = "CLIENT_CLOSED"
	// ErrInvalidOptions (InvalidArgument): options, or a context, that mean nothing.
	ErrInvalidOptions Reason = "INVALID_OPTIONS"
	// ErrCertificateFileMissing (FailedPrecondition): a certificate or key file cannot be read.
	// Metadata: path.
	ErrCertificateFileMissing Reason = "CERTIFICATE_FILE_MISSING"
	// ErrCertificateInvalid (FailedPrecondition): a certificate or key cannot be used.
	ErrCertificateInvalid Reason = "CERTIFICATE_INVALID"
	// ErrCertificateRefused (Unauthenticated): the server refuses this client's certificate, or
	// this client refuses the server's.
	ErrCertificateRefused Reason = "CERTIFICATE_REFUSED"
	// ErrConnectionFailed (Unavailable): the server cannot be reached, or the connection was lost
	// before the answer came.
	ErrConnectionFailed Reason = "CONNECTION_FAILED"
	// ErrMessageTooLarge (ResourceExhausted): a request of more than 4 MiB, which is not sent, or a
	// message that the receiver refuses for its size. Metadata: size and limit, in bytes.
	ErrMessageTooLarge Reason = "MESSAGE_TOO_LARGE"
	// ErrServerNotReady (Unavailable): the server answers, and says that it does not serve yet.
	ErrServerNotReady Reason = "SERVER_NOT_READY"
	// ErrStreamEnded (FailedPrecondition): a submission to a Stream after Close.
	ErrStreamEnded Reason = "STREAM_ENDED"
	// ErrStreamFull (ResourceExhausted): as many submissions as a Stream holds wait in it.
	ErrStreamFull Reason = "STREAM_FULL"
	// ErrSubmissionIDReused (AlreadyExists): the submission is not recorded, because its id was
	// used before for a different one. Metadata: leaderboard_id, player_id, submission_id.
	ErrSubmissionIDReused Reason = "SUBMISSION_ID_REUSED"
	// ErrSubmissionsFailed (Aborted): submissions of a Stream failed, and nobody looked at their
	// results. Metadata: count; the error wraps the first failure.
	ErrSubmissionsFailed Reason = "SUBMISSIONS_FAILED"
	// ErrViewClosed (Canceled): a LiveView was closed before it had its first standings.
	ErrViewClosed Reason = "VIEW_CLOSED"
)

// FieldViolation is one refused field.
type FieldViolation struct {
	// Field is its path in what the caller gave, in the names of the contract: player_id,
	// submissions[3].score, view.top.count. Empty for the request itself.
	Field string
	// Description says what is wrong with it, for people.
	Description string
}

// Error is the error of every failed call, those of the generated clients too. Get it by
// errors.As, or FromError:
//
//	var e *rostrum.Error
//	if errors.As(err, &e) { log.Print(e.Reason, e.Metadata) }
//
// errors.Is compares it with a Reason, and with context.Canceled and context.DeadlineExceeded;
// status.FromError and status.Code of gRPC understand it too.
type Error struct {
	// Code is the gRPC code: how to react where the reason is not known.
	Code codes.Code
	// Reason is empty where neither the service nor this client names a cause, as in an error of a
	// proxy, and where the caller's context was cancelled.
	Reason Reason
	// Message is for people.
	Message string
	// Metadata has values that the reason speaks of, such as leaderboard_id.
	Metadata map[string]string
	// FieldViolations are the refused fields, for ErrInvalidField.
	FieldViolations []FieldViolation
	// RetryAfter is how long the service asks to wait before another try; 0 where it does not say.
	RetryAfter time.Duration
	// RequestID finds the cause of an ErrInternal in the server's log.
	RequestID string

	retryNamed bool
	permanent  bool // no retry can mend the connection
	cause      error
}

// Error returns the message, and the reason or the code.
func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("rostrum: %s (%v)", e.Message, e.Code)
	}
	return fmt.Sprintf("rostrum: %s (%s)", e.Message, e.Reason)
}

// Unwrap returns what made the call fail: an error of gRPC, of the network, or of the context.
func (e *Error) Unwrap() error { return e.cause }

// Is tells errors.Is whether the error is of a reason, or the end of a context.
func (e *Error) Is(target error) bool {
	switch target {
	case context.Canceled:
		return e.Code == codes.Canceled && e.Reason == ""
	case context.DeadlineExceeded:
		return e.Code == codes.DeadlineExceeded
	}
	reason, ok := target.(Reason)
	return ok && reason != "" && e.Reason == reason
}

// GRPCStatus is the error as a gRPC status, with its details.
func (e *Error) GRPCStatus() *status.Status {
	plain := status.New(e.Code, e.Message)
	if e.Reason == "" {
		return plain
	}
	info := &errdetails.ErrorInfo{Domain: errorDomain, Reason: string(e.Reason), Metadata: e.Metadata}
	detailed, err := plain.WithDetails(info)
	if err != nil {
		return plain
	}
	return detailed
}

// FromError returns err as an *Error, whatever it is: that which it wraps, or one made of a gRPC
// status or the end of a context. Nil for nil.
func FromError(err error) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled):
		return &Error{Code: codes.Canceled, Message: err.Error(), cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return tooLate(err)
	}
	if s, ok := status.FromError(err); ok {
		return fromStatus(s, err)
	}
	return &Error{Code: codes.Unknown, Message: err.Error(), cause: err}
}

const errorDomain = "rostrum.v1"

// Made by gRPC, here or in the server, before the service sees anything: there is only the text.
var oversize = regexp.MustCompile(`message larger than max \((\d+) vs\.? (\d+)\)`)

// fromStatus is the error of a call or, with a nil cause, of one item of a batch or stream.
func fromStatus(s *status.Status, cause error) *Error {
	e := &Error{Code: s.Code(), Message: s.Message(), cause: cause}
	if e.Code == codes.OK {
		e.Code = codes.Unknown
	}
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == errorDomain {
				e.Reason = Reason(detail.GetReason())
				e.Metadata = detail.GetMetadata()
				e.RequestID = e.Metadata["request_id"]
			}
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				e.FieldViolations = append(e.FieldViolations, FieldViolation{violation.GetField(), violation.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = detail.GetRetryDelay().AsDuration()
			e.retryNamed = true
		}
	}
	if e.Reason != "" {
		return e
	}
	// What follows was made by gRPC, which names no cause.
	switch e.Code {
	case codes.ResourceExhausted:
		if sizes := oversize.FindStringSubmatch(e.Message); sizes != nil {
			what := "a message was refused"
			if strings.Contains(e.Message, "trying to send") {
				what = "the request is not sent"
			}
			return messageTooLarge(what, sizes[1], sizes[2], cause)
		}
		// The status that says so waits behind the messages that nobody read, and is lost with them.
		if strings.Contains(e.Message, "ENHANCE_YOUR_CALM") {
			e.Code, e.Reason = codes.Aborted, ErrWatcherTooSlow
			e.Message = "the server cut off a call whose answers were not read for too long"
		}
	case codes.DeadlineExceeded:
		return tooLate(cause)
	case codes.Unavailable, codes.Canceled:
		// Whoever cancels looks at its own context; otherwise a dying connection reset the stream.
		e.Code, e.Reason = codes.Unavailable, ErrConnectionFailed
	case codes.Internal:
		// A connection that dies in the middle of an answer.
		if strings.Contains(e.Message, "RST_STREAM") || strings.Contains(e.Message, "without sending trailers") {
			e.Code, e.Reason = codes.Unavailable, ErrConnectionFailed
		}
	}
	return e
}

func tooLate(cause error) *Error {
	return &Error{
		Code:    codes.DeadlineExceeded,
		Reason:  ErrDeadlineExceeded,
		Message: "the answer did not come before the deadline",
		cause:   cause,
	}
}

func messageTooLarge(what, size, limit string, cause error) *Error {
	return &Error{
		Code:     codes.ResourceExhausted,
		Reason:   ErrMessageTooLarge,
		Message:  fmt.Sprintf("%s: %s bytes are more than the limit of %s; send or ask for less at a time, or shorten metadata and names", what, size, limit),
		Metadata: map[string]string{"size": size, "limit": limit},
		cause:    cause,
	}
}

func clientClosed() *Error {
	return &Error{Code: codes.Canceled, Reason: ErrClientClosed, Message: "the client is closed"}
}

func invalidOptions(format string, values ...any) *Error {
	return &Error{Code: codes.InvalidArgument, Reason: ErrInvalidOptions, Message: fmt.Sprintf(format, values...)}
}

func invalidField(field, description string) *Error {
	message := description
	if field != "" {
		message = field + ": " + description
	}
	return &Error{
		Code:            codes.InvalidArgument,
		Reason:          ErrInvalidField,
		Message:         message,
		FieldViolations: []FieldViolation{{field, description}},
	}
}

// ofContext is the error of a call whose context has ended.
func ofContext(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return tooLate(context.Cause(ctx))
	}
	return &Error{Code: codes.Canceled, Message: "the context was cancelled", cause: context.Cause(ctx)}
}

// encode encodes a message, or says why it cannot be sent: text that is not UTF-8, or its size.
func encode(message proto.Message) ([]byte, *Error) {
	payload, err := proto.Marshal(message)
	if err != nil {
		e := invalidField(invalidText(message), "is not UTF-8")
		e.cause = err
		return nil, e
	}
	if len(payload) > maxRequestBytes {
		return nil, messageTooLarge("the request is not sent", fmt.Sprint(len(payload)), fmt.Sprint(maxRequestBytes), nil)
	}
	return payload, nil
}

// invalidText is the path of the first text of a message that is not UTF-8.
func invalidText(message proto.Message) (path string) {
	_ = protorange.Range(message.ProtoReflect(), func(values protopath.Values) error {
		last := values.Index(-1)
		if text, ok := last.Value.Interface().(string); ok && !utf8.ValidString(text) {
			path = strings.TrimPrefix(values.Path[1:].String(), ".")
			return protorange.Terminate
		}
		return nil
	})
	return path
}
