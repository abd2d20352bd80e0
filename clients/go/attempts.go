package rostrum

import (
	"maps"
	"strings"

	"google.golang.org/grpc/codes"
)

// attempts is what the failed attempts at one request leave open.
type attempts struct {
	// mayBeDone: the service may have done what was asked, though no attempt got an answer that says so.
	mayBeDone bool
}

// mayBeDoneAfter says whether a request may have been done whose latest attempt was sent and failed
// so. before: whether it may have been done by an earlier attempt.
func mayBeDoneAfter(failure *Error, before bool) bool {
	// The service says that it did not begin.
	if failure.Reason == ErrShuttingDown {
		return before
	}
	switch failure.Code {
	// The service refuses the request itself: an earlier attempt would have been refused as well.
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition, codes.OutOfRange, codes.Unimplemented:
		return false
	// Not admitted this time. An answer that is too large for this client has the same code.
	case codes.ResourceExhausted:
		return before || failure.Reason == ErrMessageTooLarge
	case codes.PermissionDenied, codes.Unauthenticated:
		return before
	}
	return true
}

// mayBeDoneAfterStream says whether requests may have been done that were sent over a stream which
// ended so. Only what refuses all of a stream at its beginning says that they were not.
func mayBeDoneAfterStream(failure *Error) bool {
	if failure == nil || failure.Reason == ErrCertificateRefused {
		return true // it had a connection, whatever is wrong with the certificate now
	}
	switch failure.Code {
	case codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented:
		return false
	}
	return true
}

// mayBeRecorded is the error of submissions that may have been recorded: it says so, and has their
// ids. key: submission_id for one, submission_ids with commas between for those of a batch.
func mayBeRecorded(e *Error, key string, ids ...string) *Error {
	unsure := *e
	if e.Reason == ErrConnectionFailed {
		// Why there is no connection now would read as if there had been none.
		unsure.Message = "the connection to the server broke before the answer came"
		unsure.cause = e
	}
	unsure.Message += "; what was submitted may have been recorded; sent again with the same submission_id it counts once"
	unsure.Metadata = map[string]string{}
	maps.Copy(unsure.Metadata, e.Metadata)
	unsure.Metadata[key] = strings.Join(ids, ",")
	return &unsure
}
