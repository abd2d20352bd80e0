package rostrum

import (
	"context"
	"crypto/rand"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// SubmitOption is an option of Submit and SubmitBatch.
type SubmitOption interface{ applySubmit(*submitSettings) }

type submitSettings struct{ acceptDuplicates bool }

type duplicateOption struct{}

func (duplicateOption) applySubmit(s *submitSettings) { s.acceptDuplicates = true }
func (duplicateOption) applyStream(s *streamSettings) { s.acceptDuplicates = true }

// AcceptDuplicates makes a submission whose id was used before for a different one a result with
// OUTCOME_DUPLICATE, rather than an ErrSubmissionIDReused. It is not recorded.
func AcceptDuplicates() interface {
	SubmitOption
	StreamOption
} {
	return duplicateOption{}
}

// Item is what became of one submission among several: Result, or Err, which is an *Error.
type Item struct {
	Result *rostrumv1.ScoreResult
	Err    error
	// SubmissionID is the id that the submission was sent with: sent again with it, it counts once.
	SubmissionID string
}

const maxBatch = 1000

// Submit submits one score, and tries again with the same submission_id, one of its own where none is
// given, until the deadline. The result is given after the score is durable. The submission is not
// changed.
//
// Errors: ErrInvalidField, ErrSubmissionIDReused (see AcceptDuplicates), ErrClientTimeInFuture,
// ErrLeaderboardNotFound, ErrTotalOutOfRange, ErrStoreUnavailable, ErrShuttingDown, ErrOverloaded,
// ErrRoleNotAllowed, ErrConnectionFailed, ErrDeadlineExceeded, ErrClientClosed; the end of the context.
// An error that has submission_id in its Metadata, and is not ErrSubmissionIDReused, leaves open whether
// the score was recorded: sent again with that id it counts once. Any other error recorded nothing.
func (c *Client) Submit(ctx context.Context, submission *rostrumv1.ScoreSubmission, options ...SubmitOption) (*rostrumv1.ScoreResult, error) {
	settings, err := submitSettingsOf(options)
	if err != nil {
		return nil, err
	}
	if submission, err = withID(submission, "submission"); err != nil {
		return nil, err
	}
	var made attempts
	answer := new(rostrumv1.SubmitScoreResponse)
	request := &rostrumv1.SubmitScoreRequest{Submission: submission}
	if err := c.connection.invoke(ctx, rostrumv1.ScoreService_SubmitScore_FullMethodName, request, answer, &made, grpc.StaticMethod()); err != nil {
		failure := unwrapFields(FromError(err))
		if made.mayBeDone {
			failure = mayBeRecorded(failure, "submission_id", submission.GetSubmissionId())
		}
		return nil, failure
	}
	item := toItem(submission, &rostrumv1.ScoreItem{Item: &rostrumv1.ScoreItem_Result{Result: answer.GetResult()}}, settings.acceptDuplicates)
	return item.Result, item.Err
}

// SubmitBatch submits any number of scores, 1,000 in a call, one call after the other, and returns an
// item for each in the same order: one refused submission does not spoil the others. When a call
// after the first fails as a whole, its submissions and those after it have that error as their item.
//
// Errors: as Submit, when the first call fails as a whole. Metadata then has submission_ids, where they
// may have been recorded: with commas between, in the order of the submissions, and empty for those that
// were not sent. The error of an Item that may have been recorded has submission_id.
func (c *Client) SubmitBatch(ctx context.Context, submissions []*rostrumv1.ScoreSubmission, options ...SubmitOption) ([]Item, error) {
	settings, err := submitSettingsOf(options)
	if err != nil {
		return nil, err
	}
	if ctx == nil {
		return nil, invalidOptions("the context is nil")
	}
	items := make([]Item, len(submissions))
	answered := false
	for start := 0; start < len(submissions); start += maxBatch {
		end := min(start+maxBatch, len(submissions))
		batch := batch{acceptDuplicates: settings.acceptDuplicates}
		for i := start; i < end; i++ {
			path := fmt.Sprintf("submissions[%d]", i)
			submission, err := withID(submissions[i], path)
			if err == nil {
				if _, unsendable := encode(submission); unsendable != nil {
					err = within(path, unsendable)
				}
			}
			if err != nil {
				items[i] = Item{Err: err, SubmissionID: submissions[i].GetSubmissionId()}
				continue
			}
			batch.submissions = append(batch.submissions, submission)
			batch.indexes = append(batch.indexes, i)
		}
		if len(batch.submissions) == 0 {
			continue
		}
		if err := c.submitBatch(ctx, &batch); err != nil {
			if !answered {
				return nil, batch.asUnsure(err, len(submissions))
			}
			for i := start; i < len(items); i++ {
				items[i] = Item{Err: err, SubmissionID: submissions[i].GetSubmissionId()}
			}
			for position, i := range batch.indexes {
				id := batch.submissions[position].GetSubmissionId()
				items[i].SubmissionID = id
				if batch.made.mayBeDone {
					items[i].Err = mayBeRecorded(FromError(err), "submission_id", id)
				}
			}
			return items, nil
		}
		answered = true
		for position, i := range batch.indexes {
			item := batch.items[position]
			if e := FromError(item.Err); e != nil {
				item.Err = atIndex(e, i)
			}
			items[i] = item
		}
	}
	return items, nil
}

// batch is up to 1,000 submissions of one call.
type batch struct {
	submissions      []*rostrumv1.ScoreSubmission
	indexes          []int // where each stands among those of the caller
	items            []Item
	acceptDuplicates bool
	made             attempts     // what the failure of all of it leaves open
	unsure           map[int]bool // the items whose refusal leaves open whether they are recorded
}

// asUnsure is what all of a batch fails with, among count submissions of the caller.
func (b *batch) asUnsure(err error, count int) error {
	if !b.made.mayBeDone {
		return err
	}
	ids := make([]string, count)
	for position, i := range b.indexes {
		ids[i] = b.submissions[position].GetSubmissionId()
	}
	return mayBeRecorded(FromError(err), "submission_ids", ids...)
}

// note notes what the latest answer to an item leaves open.
func (b *batch) note(index int) {
	item := b.items[index]
	if item.Err != nil && mayBeDoneAfter(FromError(item.Err), b.unsure[index]) {
		b.unsure[index] = true
	} else {
		delete(b.unsure, index)
	}
	if item.Err == nil || b.unsure[index] {
		b.made.mayBeDone = true
	}
}

// tellUnsure makes the errors of the items say what they leave open.
func (b *batch) tellUnsure() {
	for index := range b.unsure {
		item := &b.items[index]
		item.Err = mayBeRecorded(FromError(item.Err), "submission_id", item.SubmissionID)
	}
}

// submitBatch sends a batch and, until the deadline, sends again what of it was refused for a cause
// that passes. It fails only when no call gave items at all.
func (c *Client) submitBatch(ctx context.Context, b *batch) error {
	ctx, cancel, err := c.connection.withDeadline(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	deadline, _ := ctx.Deadline()
	pause := newBackoff(c.connection.settings.retry)
	if b.items, err = c.submitOnce(ctx, b.submissions, b.acceptDuplicates, &b.made); err != nil {
		return err
	}
	b.unsure = map[int]bool{}
	for index := range b.items {
		b.note(index)
	}
	defer b.tellUnsure()
	for attempt := 2; attempt <= c.connection.settings.retry.MaxAttempts || c.connection.settings.retry.MaxAttempts == 0; attempt++ {
		again, least := b.repeatable()
		if len(again) == 0 {
			return nil
		}
		wait := pause.wait(least)
		if time.Until(deadline) <= wait {
			return nil
		}
		if err := c.connection.sleep(ctx, wait); err != nil {
			return err
		}
		submissions := make([]*rostrumv1.ScoreSubmission, len(again))
		for position, index := range again {
			submissions[position] = b.submissions[index]
		}
		var retrying attempts
		items, err := c.submitOnce(ctx, submissions, b.acceptDuplicates, &retrying)
		if err != nil {
			if retrying.mayBeDone {
				b.made.mayBeDone = true
				for _, index := range again {
					b.unsure[index] = true
				}
			}
			if FromError(err).Code == codes.Canceled {
				return err
			}
			return nil // the items before it stand
		}
		for position, index := range again {
			b.items[index] = items[position]
			b.note(index)
		}
	}
	return nil
}

func (c *Client) submitOnce(ctx context.Context, submissions []*rostrumv1.ScoreSubmission, acceptDuplicates bool, made *attempts) ([]Item, error) {
	answer := new(rostrumv1.BatchSubmitScoresResponse)
	request := &rostrumv1.BatchSubmitScoresRequest{Submissions: submissions}
	if err := c.connection.invoke(ctx, rostrumv1.ScoreService_BatchSubmitScores_FullMethodName, request, answer, made, grpc.StaticMethod()); err != nil {
		return nil, err
	}
	items := make([]Item, len(submissions))
	for i, submission := range submissions {
		var item *rostrumv1.ScoreItem
		if i < len(answer.GetItems()) {
			item = answer.GetItems()[i]
		}
		items[i] = toItem(submission, item, acceptDuplicates)
	}
	return items, nil
}

// repeatable is the indexes of the items worth sending again, in order, and the least time to wait
// before. Not those that a later, accepted submission of the same player has overtaken: arriving late,
// they could replace it where the last write wins.
func (b *batch) repeatable() (indexes []int, least time.Duration) {
	accepted := map[player]bool{}
	for i, item := range slices.Backward(b.items) {
		key := playerOf(b.submissions[i])
		if item.Err == nil {
			accepted[key] = true
			continue
		}
		wait, worthIt := retryWait(FromError(item.Err), true)
		if worthIt && !accepted[key] {
			indexes = append(indexes, i)
			least = max(least, wait)
		}
	}
	slices.Reverse(indexes)
	return indexes, least
}

// player is one on one leaderboard.
type player struct{ leaderboardID, playerID string }

func playerOf(submission *rostrumv1.ScoreSubmission) player {
	return player{submission.GetLeaderboardId(), submission.GetPlayerId()}
}

func submitSettingsOf(options []SubmitOption) (submitSettings, error) {
	var settings submitSettings
	for _, option := range options {
		if option == nil {
			return settings, invalidOptions("an option is nil")
		}
		option.applySubmit(&settings)
	}
	return settings, nil
}

// withID is the submission, or a copy of it with an id where it has none, so that every retry carries
// the same one.
func withID(submission *rostrumv1.ScoreSubmission, path string) (*rostrumv1.ScoreSubmission, error) {
	if submission == nil {
		return nil, invalidField(path, "is nil")
	}
	if submission.GetSubmissionId() != "" {
		return submission, nil
	}
	submission = proto.CloneOf(submission)
	submission.SubmissionId = NewSubmissionID()
	return submission, nil
}

// NewSubmissionID returns a random id for a submission, for whoever keeps it beyond one call.
func NewSubmissionID() string { return rand.Text() }

func toItem(submission *rostrumv1.ScoreSubmission, answer *rostrumv1.ScoreItem, acceptDuplicates bool) Item {
	item := Item{SubmissionID: submission.GetSubmissionId()}
	switch answer := answer.GetItem().(type) {
	case *rostrumv1.ScoreItem_Error:
		item.Err = unwrapFields(fromStatus(status.FromProto(answer.Error), nil))
	case *rostrumv1.ScoreItem_Result:
		item.Result = answer.Result
	}
	switch {
	case item.Err != nil:
	case item.Result == nil:
		item.Err = &Error{Code: codes.Internal, Message: "the server sent an answer without a result"}
	case item.Result.GetOutcome() == rostrumv1.Outcome_OUTCOME_DUPLICATE && !acceptDuplicates:
		item.Result, item.Err = nil, idReused(submission)
	}
	return item
}

func idReused(submission *rostrumv1.ScoreSubmission) *Error {
	leaderboardID, playerID, id := submission.GetLeaderboardId(), submission.GetPlayerId(), submission.GetSubmissionId()
	return &Error{
		Code:     codes.AlreadyExists,
		Reason:   ErrSubmissionIDReused,
		Message:  fmt.Sprintf("the score of %s on %s is not recorded: the submission id %q was used before for a different submission; give each submission an id of its own, or none", playerID, leaderboardID, id),
		Metadata: map[string]string{"leaderboard_id": leaderboardID, "player_id": playerID, "submission_id": id},
	}
}

// unwrapFields names fields as the caller wrote them, where the submission is all that the caller gave.
func unwrapFields(e *Error) *Error {
	const wrapper = "submission."
	for i := range e.FieldViolations {
		e.FieldViolations[i].Field = strings.TrimPrefix(e.FieldViolations[i].Field, wrapper)
	}
	if e.Reason != "" {
		e.Message = strings.ReplaceAll(strings.TrimPrefix(e.Message, wrapper), "; "+wrapper, "; ")
	}
	return e
}

// within names the fields of a submission as those of a batch.
func within(path string, e *Error) *Error {
	for i := range e.FieldViolations {
		e.FieldViolations[i].Field = path + "." + e.FieldViolations[i].Field
		e.Message = path + "." + e.Message
	}
	return e
}

var indexInBatch = regexp.MustCompile(`\bsubmissions\[\d+\]`)

// atIndex names the place in the caller's batch: the service knows only that in its call.
func atIndex(e *Error, index int) *Error {
	path := fmt.Sprintf("submissions[%d]", index)
	for i := range e.FieldViolations {
		e.FieldViolations[i].Field = indexInBatch.ReplaceAllLiteralString(e.FieldViolations[i].Field, path)
	}
	if e.Reason == ErrInvalidField {
		e.Message = indexInBatch.ReplaceAllLiteralString(e.Message, path)
	}
	return e
}
