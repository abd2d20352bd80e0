package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// OutboxOptions say where scores wait.
type OutboxOptions struct {
	// Directory holds the scores; one process at a time uses it.
	Directory string
	// MaxScores is how many may wait.
	MaxScores int
	// OnRefused is told of a score that the service will never take, and why; it is not kept.
	OnRefused func(*rostrumv1.ScoreSubmission, error)
	// OnBlocked is told why nothing can be sent, such as a certificate that has expired; it is tried
	// again.
	OnBlocked func(error)
}

// Outbox holds scores on disk until the service has recorded them, each once: they keep the id that
// they were stored with. A score is a line of JSON; a file is deleted when all its scores are
// answered, and otherwise sent again as a whole, which the ids make harmless.
type Outbox struct {
	client  *rostrum.Client
	options OutboxOptions
	added   chan addition
	wake    chan struct{} // tells the sender that there is something
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	waiting int
	sealed  []string // files to which nothing is added any more, oldest first
	current *os.File
	lines   int   // in current
	size    int64 // of current, as far as it is whole
}

type addition struct {
	line []byte
	done chan error
}

const maxLines = 1000

// OpenOutbox begins to send what an earlier process left in the directory.
func OpenOutbox(client *rostrum.Client, options OutboxOptions) (*Outbox, error) {
	if err := os.MkdirAll(options.Directory, 0o700); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(options.Directory, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	waiting := 0
	for _, file := range files {
		scores, err := readScores(file)
		if err != nil {
			return nil, err
		}
		waiting += len(scores)
	}
	ctx, stop := context.WithCancel(context.Background())
	o := &Outbox{
		client:  client,
		options: options,
		added:   make(chan addition, maxLines),
		wake:    make(chan struct{}, 1),
		stop:    stop,
		waiting: waiting,
		sealed:  files,
	}
	o.running.Go(o.write)
	o.running.Go(func() { o.send(ctx) })
	return o, nil
}

// Waiting is how many scores wait. It is what to watch: 0 on a good day.
func (o *Outbox) Waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waiting
}

// Submit submits a score now if the service answers within the timeout. Otherwise the score is stored
// and sent later, and there is no result yet: both are nil. The error is what the service refuses for
// good, or that of Add.
func (o *Outbox) Submit(ctx context.Context, score *rostrumv1.ScoreSubmission, timeout time.Duration) (*rostrumv1.ScoreResult, error) {
	score = withIDAndTime(score)
	attempt, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result, err := o.client.Submit(attempt, score)
	if err == nil || isFinal(err) {
		return result, err
	}
	return nil, o.Add(score)
}

// Add returns when the score is on disk: from then on it is sent, whatever becomes of this process.
func (o *Outbox) Add(score *rostrumv1.ScoreSubmission) error {
	line, err := protojson.Marshal(withIDAndTime(score))
	if err != nil {
		return err
	}
	// A line must have no line break, which protojson promises not.
	line = append(bytes.ReplaceAll(line, []byte("\n"), nil), '\n')
	a := addition{line, make(chan error, 1)}
	o.mu.Lock()
	switch {
	case o.closed:
		err = errors.New("the outbox is closed")
	case o.waiting >= o.options.MaxScores:
		err = fmt.Errorf("%d scores wait already in %s", o.waiting, o.options.Directory)
	default:
		o.waiting++
	}
	o.mu.Unlock()
	if err != nil {
		return err
	}
	o.added <- a
	return <-a.done
}

// Close stops sending; what waits is sent by whoever opens the directory next. Call no Add while it
// closes, nor later.
func (o *Outbox) Close() error {
	o.mu.Lock()
	wasClosed := o.closed
	o.closed = true
	o.mu.Unlock()
	if wasClosed {
		return nil
	}
	close(o.added)
	o.stop()
	o.running.Wait()
	if o.current == nil {
		return nil
	}
	return o.current.Close()
}

// write writes what is added: many that come together share one write to the disk.
func (o *Outbox) write() {
	for first := range o.added {
		batch := []addition{first}
		for len(batch) < maxLines && len(o.added) > 0 {
			batch = append(batch, <-o.added)
		}
		var lines []byte
		for _, a := range batch {
			lines = append(lines, a.line...)
		}
		o.mu.Lock()
		err := o.append(lines, len(batch))
		if err != nil {
			o.waiting -= len(batch)
		}
		o.mu.Unlock()
		for _, a := range batch {
			a.done <- err
		}
		o.wakeSender()
	}
}

func (o *Outbox) append(lines []byte, count int) error {
	if o.lines+count > maxLines {
		o.seal()
	}
	if o.current == nil {
		name := fmt.Sprintf("%015d-%s.jsonl", time.Now().UnixMilli(), rand.Text())
		file, err := os.OpenFile(filepath.Join(o.options.Directory, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if err := syncDirectory(o.options.Directory); err != nil {
			file.Close()
			return err
		}
		o.current, o.lines, o.size = file, 0, 0
	}
	_, err := o.current.Write(lines)
	if err == nil {
		err = o.current.Sync()
	}
	if err != nil {
		// Half a line must not become part of the next one.
		if o.current.Truncate(o.size) != nil {
			log.Printf("%s cannot be cut back to its whole lines", o.current.Name())
		}
		o.seal()
		return err
	}
	o.lines += count
	o.size += int64(len(lines))
	return nil
}

// seal ends the current file, so that it can be sent.
func (o *Outbox) seal() {
	if o.current == nil {
		return
	}
	if err := o.current.Close(); err != nil {
		log.Print(err) // its lines are on disk already
	}
	o.sealed = append(o.sealed, o.current.Name())
	o.current, o.lines = nil, 0
}

func (o *Outbox) wakeSender() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// next waits for a file with scores; false when the outbox is closed.
func (o *Outbox) next(ctx context.Context) (string, bool) {
	for {
		o.mu.Lock()
		if len(o.sealed) == 0 {
			o.seal()
		}
		if len(o.sealed) > 0 {
			file := o.sealed[0]
			o.sealed = o.sealed[1:]
			o.mu.Unlock()
			return file, ctx.Err() == nil
		}
		o.mu.Unlock()
		select {
		case <-o.wake:
		case <-ctx.Done():
			return "", false
		}
	}
}

func (o *Outbox) send(ctx context.Context) {
	for ctx.Err() == nil {
		// For as long as it takes: an outage of hours is why this type exists.
		stream, err := o.client.Stream(ctx, rostrum.WithGiveUpAfter(-1))
		for err == nil {
			file, ok := o.next(ctx)
			if !ok {
				break
			}
			if err = o.sendFile(ctx, stream, file); err != nil {
				o.mu.Lock()
				o.sealed = append([]string{file}, o.sealed...)
				o.mu.Unlock()
			}
		}
		if ctx.Err() != nil {
			return
		}
		o.options.OnBlocked(err)
		select {
		case <-time.After(5 * time.Second):
		case <-ctx.Done():
		}
	}
}

// sendFile sends a file's scores and deletes it. An error: some of it must be sent again.
func (o *Outbox) sendFile(ctx context.Context, stream *rostrum.Stream, file string) error {
	scores, err := readScores(file)
	if err != nil {
		return err
	}
	pending := make([]*rostrum.Pending, len(scores))
	refusals := make([]error, len(scores))
	for i, score := range scores {
		if pending[i], refusals[i] = stream.Submit(ctx, score); refusals[i] != nil && !isFinal(refusals[i]) {
			return refusals[i]
		}
	}
	var again error
	for i, score := range scores {
		err := refusals[i]
		if err == nil {
			_, err = pending[i].Result(ctx)
		}
		if err != nil && isFinal(err) {
			o.options.OnRefused(score, err)
		} else if err != nil {
			again = err
		}
	}
	if again != nil {
		return again
	}
	if err := os.Remove(file); err != nil {
		return err
	}
	o.mu.Lock()
	o.waiting -= len(scores)
	o.mu.Unlock()
	return nil
}

// isFinal says whether the service would say the same again. All else may pass.
func isFinal(err error) bool {
	if errors.Is(err, rostrum.ErrMessageTooLarge) {
		return true
	}
	switch rostrum.FromError(err).Code {
	case codes.InvalidArgument, codes.OutOfRange, codes.AlreadyExists, codes.NotFound, codes.Unimplemented:
		return true
	}
	return false
}

// withIDAndTime is the score with an id, given before the first attempt, and a time: that decides on
// LATEST leaderboards, where a score that waited must not pass for the newest.
func withIDAndTime(score *rostrumv1.ScoreSubmission) *rostrumv1.ScoreSubmission {
	score = proto.CloneOf(score)
	if score.GetSubmissionId() == "" {
		score.SubmissionId = rostrum.NewSubmissionID()
	}
	if score.GetClientTime() == nil {
		score.ClientTime = timestamppb.Now()
	}
	return score
}

func readScores(file string) ([]*rostrumv1.ScoreSubmission, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	lines := bytes.Split(content, []byte("\n"))
	var scores []*rostrumv1.ScoreSubmission
	// What follows the last line break was being written when the process died: nobody relies on it.
	for _, line := range lines[:len(lines)-1] {
		score := &rostrumv1.ScoreSubmission{}
		if err := protojson.Unmarshal(line, score); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		scores = append(scores, score)
	}
	return scores, nil
}

// syncDirectory sees to it that a new file is still there after the machine has failed.
func syncDirectory(name string) error {
	directory, err := os.Open(name)
	if err != nil {
		return err
	}
	defer directory.Close()
	return directory.Sync()
}
