package main

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

func toJSON(message proto.Message) json.RawMessage {
	text, err := protojson.Marshal(message)
	if err != nil {
		panic(err) // an answer that was decoded can be encoded
	}
	return text
}

func allToJSON[Message proto.Message](messages []Message) []json.RawMessage {
	all := make([]json.RawMessage, len(messages))
	for i, message := range messages {
		all[i] = toJSON(message)
	}
	return all
}

func toText(value int64) string { return strconv.FormatInt(value, 10) }

func messageEvent(watch, kind string, revision int64, token string) map[string]any {
	return map[string]any{"event": "message", "watch": watch, "type": kind, "revision": toText(revision), "resumeToken": token}
}

func toSubmission(raw json.RawMessage) (*rostrumv1.ScoreSubmission, error) {
	return optional(raw, &rostrumv1.ScoreSubmission{})
}

// A lone surrogate is in Go a text that is not UTF-8. JSON's reader takes none, so that it has to be
// put in afterwards.
const (
	surrogateMark  = "\ue000surrogate\ue000"
	surrogateBytes = "\xed\xa0\x80"
)

var surrogates = regexp.MustCompile(`(?i)\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\ud[89a-f][0-9a-f]{2}`)

func fromJSON(raw []byte, message proto.Message) error {
	if len(raw) == 0 {
		return nil
	}
	marked := surrogates.ReplaceAllFunc(raw, func(escape []byte) []byte {
		if len(escape) > len(`\ud800`) {
			return escape
		}
		return []byte(surrogateMark)
	})
	if err := protojson.Unmarshal(marked, message); err != nil {
		return unsupported("the compiler, or a type, refuses it: " + err.Error())
	}
	if len(marked) != len(raw) {
		putSurrogates(message.ProtoReflect())
	}
	return nil
}

func putSurrogates(message protoreflect.Message) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsList() || field.IsMap():
		case field.Kind() == protoreflect.StringKind:
			message.Set(field, protoreflect.ValueOfString(strings.ReplaceAll(value.String(), surrogateMark, surrogateBytes)))
		case field.Message() != nil:
			putSurrogates(value.Message())
		}
		return true
	})
}

// codeNames are the names of gRPC's codes as the protocol has them.
var codeNames = map[codes.Code]string{
	codes.Canceled: "CANCELLED", codes.Unknown: "UNKNOWN", codes.InvalidArgument: "INVALID_ARGUMENT",
	codes.DeadlineExceeded: "DEADLINE_EXCEEDED", codes.NotFound: "NOT_FOUND", codes.AlreadyExists: "ALREADY_EXISTS",
	codes.PermissionDenied: "PERMISSION_DENIED", codes.ResourceExhausted: "RESOURCE_EXHAUSTED",
	codes.FailedPrecondition: "FAILED_PRECONDITION", codes.Aborted: "ABORTED", codes.OutOfRange: "OUT_OF_RANGE",
	codes.Unimplemented: "UNIMPLEMENTED", codes.Internal: "INTERNAL", codes.Unavailable: "UNAVAILABLE",
	codes.DataLoss: "DATA_LOSS", codes.Unauthenticated: "UNAUTHENTICATED",
}

// toError is an error as the protocol has it. One that is not the client's is told as what it is.
func toError(err error) map[string]any {
	var e *rostrum.Error
	if !errors.As(err, &e) {
		return map[string]any{"foreign": "error", "message": err.Error()}
	}
	answer := map[string]any{"code": codeNames[e.Code], "message": e.Message}
	if e.Reason != "" {
		answer["reason"] = e.Reason
	}
	if len(e.Metadata) > 0 {
		answer["metadata"] = e.Metadata
	}
	if len(e.FieldViolations) > 0 {
		violations := make([]map[string]string, len(e.FieldViolations))
		for i, violation := range e.FieldViolations {
			violations[i] = map[string]string{"field": violation.Field, "description": violation.Description}
		}
		answer["fieldViolations"] = violations
	}
	if e.RetryAfter > 0 {
		answer["retryAfterMs"] = float64(e.RetryAfter.Microseconds()) / 1000
	}
	if e.RequestID != "" {
		answer["requestId"] = e.RequestID
	}
	if errors.Is(err, context.Canceled) {
		answer["cancelled"] = true
	}
	return answer
}
