// The agent of the conformance suite: it obeys JSON lines by means of the client. The protocol is that
// of clients/conformance/PROTOCOL.md.
//
//	go run ./internal/conformance
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

type request struct {
	ID          int               `json:"id"`
	Op          string            `json:"op"`
	Client      string            `json:"client"`
	Stream      string            `json:"stream"`
	Watch       string            `json:"watch"`
	View        string            `json:"view"`
	Kind        string            `json:"kind"`
	Method      string            `json:"method"`
	Request     json.RawMessage   `json:"request"`
	Submission  json.RawMessage   `json:"submission"`
	Submissions []json.RawMessage `json:"submissions"`
	Callers     int               `json:"callers"`
	Name        string            `json:"name"`
	Options     options           `json:"options"`
}

type options struct {
	Address           []string          `json:"address"`
	TLS               *tlsOptions       `json:"tls"`
	Environment       map[string]string `json:"environment"`
	DefaultDeadlineMs *number           `json:"defaultDeadlineMs"`
	Retry             json.RawMessage   `json:"retry"`
	DeadlineMs        *number           `json:"deadlineMs"`
	Cancelled         bool              `json:"cancelled"`
	OnDuplicate       string            `json:"onDuplicate"`
	MaxInFlight       *int              `json:"maxInFlight"`
	MaxPending        *int              `json:"maxPending"`
	GiveUpAfterMs     *number           `json:"giveUpAfterMs"`
	AwaitLeaderboard  bool              `json:"awaitLeaderboard"`
}

type tlsOptions struct {
	CA         json.RawMessage `json:"ca"`
	Cert       json.RawMessage `json:"cert"`
	Key        json.RawMessage `json:"key"`
	ServerName string          `json:"serverName"`
}

// unsupported is the answer to what cannot be done in Go.
type unsupported string

func (u unsupported) Error() string { return string(u) }

func main() {
	a := &agent{
		clients: map[string]*rostrum.Client{},
		streams: map[string]*stream{},
		watches: map[string]*watch{},
		views:   map[string]*rostrum.LiveView{},
		cancels: map[int]context.CancelFunc{},
		out:     json.NewEncoder(os.Stdout),
	}
	a.out.SetEscapeHTML(false)
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			a.read(line)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	for _, client := range a.clients {
		client.Close()
	}
	a.running.Wait()
}

type agent struct {
	clients map[string]*rostrum.Client
	streams map[string]*stream
	watches map[string]*watch
	views   map[string]*rostrum.LiveView
	running sync.WaitGroup

	mu      sync.Mutex // of what follows
	cancels map[int]context.CancelFunc
	out     *json.Encoder
}

func (a *agent) tell(message map[string]any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.out.Encode(message) // a runner that reads no more ends the standard input too
}

func (a *agent) answer(id int, ok any, err error) {
	var cannot unsupported
	switch {
	case errors.As(err, &cannot):
		a.tell(map[string]any{"id": id, "unsupported": string(cannot)})
	case err != nil:
		a.tell(map[string]any{"id": id, "error": toError(err)})
	default:
		if ok == nil {
			ok = map[string]any{}
		}
		a.tell(map[string]any{"id": id, "ok": ok})
	}
}

// read begins one request. What it opens is open when the next one is read; what takes time goes on
// by itself.
func (a *agent) read(line []byte) {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		a.tell(map[string]any{"id": r.ID, "unsupported": "the agent does not understand the request: " + err.Error()})
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	if r.Options.Cancelled {
		cancel()
	}
	a.mu.Lock()
	a.cancels[r.ID] = cancel
	a.mu.Unlock()
	work := a.begin(ctx, &r, line)
	a.running.Go(func() {
		ok, err := work()
		a.answer(r.ID, ok, err)
	})
}

type work func() (any, error)

func done(ok any, err error) work { return func() (any, error) { return ok, err } }

func (a *agent) begin(ctx context.Context, r *request, line []byte) work {
	client := a.clients[r.Client]
	needsClient := strings.Contains(" submit batch call close stream.open watch.open view.open ", " "+r.Op+" ")
	if needsClient && client == nil {
		return done(nil, unsupported("there is no client "+r.Client))
	}
	switch r.Op {
	case "hello":
		return done(map[string]any{"language": "go", "version": runtime.Version()}, nil)
	case "connect":
		made, err := connect(r.Options)
		if err == nil {
			a.clients[r.Client] = made
		}
		return done(nil, err)
	case "close":
		return func() (any, error) { return nil, client.Close() }
	case "submit":
		return func() (any, error) { return a.submit(ctx, client, r) }
	case "batch":
		return func() (any, error) { return a.batch(ctx, client, r) }
	case "call":
		return func() (any, error) { return call(ctx, client, r) }
	case "stream.open", "stream.submit", "stream.end":
		return a.beginStream(ctx, client, r)
	case "watch.open", "watch.pause", "watch.resume", "watch.close":
		return a.beginWatch(ctx, client, r)
	case "view.open", "view.ready", "view.read", "view.close":
		return a.beginView(ctx, client, r)
	case "cancel":
		var target struct{ Request int }
		_ = json.Unmarshal(line, &target) // it was understood before
		a.mu.Lock()
		cancel := a.cancels[target.Request]
		a.mu.Unlock()
		if cancel == nil {
			return done(nil, unsupported("there was no such request"))
		}
		cancel()
		return done(nil, nil)
	case "special":
		if r.Name != "google-library" {
			return done(nil, unsupported("the agent knows nothing of "+r.Name))
		}
		return done(nil, useGoogleLibrary())
	case "runtime":
		return done(map[string]any{"open": map[string]int{"goroutines": clientGoroutines()}}, nil)
	}
	return done(nil, unsupported("the agent does not know "+r.Op))
}

// clientGoroutines counts those of the client and of gRPC.
func clientGoroutines() int {
	stacks := make([]byte, 16<<20)
	count := 0
	for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(stack, "google.golang.org/grpc") || strings.Contains(stack, "rostrum.dev/go/rostrum.") {
			count++
		}
	}
	return count
}

// number is one that may also be written as "Infinity".
type number float64

func (n *number) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	*n = number(value)
	return err
}

func milliseconds(value number) time.Duration {
	return time.Duration(min(float64(value)*float64(time.Millisecond), 1<<62))
}

func connect(o options) (*rostrum.Client, error) {
	for name, value := range o.Environment {
		if err := os.Setenv(name, value); err != nil {
			return nil, unsupported(err.Error())
		}
	}
	var list []rostrum.Option
	if o.Address != nil {
		list = append(list, rostrum.WithAddress(o.Address...))
	}
	if o.TLS != nil {
		if o.TLS.CA != nil || o.TLS.Cert != nil || o.TLS.Key != nil {
			list = append(list, tlsOption(o.TLS))
		}
		if o.TLS.ServerName != "" {
			list = append(list, rostrum.WithServerName(o.TLS.ServerName))
		}
	}
	if o.DefaultDeadlineMs != nil {
		list = append(list, rostrum.WithDefaultTimeout(milliseconds(*o.DefaultDeadlineMs)))
	}
	switch {
	case len(o.Retry) == 0:
	case string(o.Retry) == "false":
		list = append(list, rostrum.WithoutRetry())
	default:
		var retry struct{ InitialBackoffMs, MaxBackoffMs, MaxAttempts number }
		if err := json.Unmarshal(o.Retry, &retry); err != nil {
			return nil, unsupported("the compiler refuses retry: " + err.Error())
		}
		list = append(list, rostrum.WithRetry(rostrum.Retry{
			InitialBackoff: milliseconds(retry.InitialBackoffMs),
			MaxBackoff:     milliseconds(retry.MaxBackoffMs),
			MaxAttempts:    int(retry.MaxAttempts),
		}))
	}
	return rostrum.Connect(list...)
}

func tlsOption(o *tlsOptions) rostrum.Option {
	var paths [3]string
	var contents [3][]byte
	inMemory := false
	for i, part := range []json.RawMessage{o.CA, o.Cert, o.Key} {
		var content struct{ PEM string }
		switch {
		case json.Unmarshal(part, &paths[i]) == nil:
			contents[i], _ = os.ReadFile(paths[i]) // for a mixture; else the client says what is wrong
		case json.Unmarshal(part, &content) == nil:
			contents[i] = []byte(content.PEM)
			inMemory = true
		}
	}
	if inMemory {
		return rostrum.WithTLS(contents[0], contents[1], contents[2])
	}
	return rostrum.WithTLSFiles(paths[0], paths[1], paths[2])
}

func withDeadline(ctx context.Context, o options) (context.Context, context.CancelFunc) {
	if o.DeadlineMs == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, milliseconds(*o.DeadlineMs))
}

func acceptsDuplicates(o options) (bool, error) {
	switch o.OnDuplicate {
	case "", "reject":
		return false, nil
	case "resolve":
		return true, nil
	}
	return false, unsupported("Go has a function for it, no text")
}

func submitOptions(o options) ([]rostrum.SubmitOption, error) {
	accepts, err := acceptsDuplicates(o)
	if accepts {
		return []rostrum.SubmitOption{rostrum.AcceptDuplicates()}, nil
	}
	return nil, err
}

func (a *agent) submit(ctx context.Context, client *rostrum.Client, r *request) (any, error) {
	submission, err := toSubmission(r.Submission)
	if err != nil {
		return nil, err
	}
	list, err := submitOptions(r.Options)
	if err != nil {
		return nil, err
	}
	ctx, cancel := withDeadline(ctx, r.Options)
	defer cancel()
	result, err := client.Submit(ctx, submission, list...)
	if err != nil {
		return nil, err
	}
	return toJSON(result), nil
}

func (a *agent) batch(ctx context.Context, client *rostrum.Client, r *request) (any, error) {
	submissions := make([]*rostrumv1.ScoreSubmission, len(r.Submissions))
	for i, raw := range r.Submissions {
		var err error
		if submissions[i], err = toSubmission(raw); err != nil {
			return nil, err
		}
	}
	list, err := submitOptions(r.Options)
	if err != nil {
		return nil, err
	}
	ctx, cancel := withDeadline(ctx, r.Options)
	defer cancel()
	items, err := client.SubmitBatch(ctx, submissions, list...)
	if err != nil {
		return nil, err
	}
	answers := make([]any, len(items))
	for i, item := range items {
		if item.Err != nil {
			answers[i] = map[string]any{"error": toError(item.Err)}
		} else {
			answers[i] = map[string]any{"ok": toJSON(item.Result)}
		}
	}
	return answers, nil
}

// call makes any call by the client's connection, as the generated clients do.
func call(ctx context.Context, client *rostrum.Client, r *request) (any, error) {
	name := protoreflect.FullName("rostrum.v1." + strings.Replace(r.Method, "/", ".", 1))
	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	method, ok := descriptor.(protoreflect.MethodDescriptor)
	if err != nil || !ok || method.IsStreamingClient() {
		return nil, unsupported("there is no such call: " + r.Method)
	}
	input, err := newMessage(method.Input().FullName())
	if err != nil {
		return nil, err
	}
	if err := fromJSON(r.Request, input); err != nil {
		return nil, err
	}
	output, err := newMessage(method.Output().FullName())
	if err != nil {
		return nil, err
	}
	ctx, cancel := withDeadline(ctx, r.Options)
	defer cancel()
	path := "/rostrum.v1." + r.Method
	if method.IsStreamingServer() {
		return nil, unsupported("the agent calls no streams by their stubs")
	}
	if err := client.Conn().Invoke(ctx, path, input, output); err != nil {
		return nil, err
	}
	return toJSON(output), nil
}

func newMessage(name protoreflect.FullName) (proto.Message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(name)
	if err != nil {
		return nil, unsupported(err.Error())
	}
	return kind.New().Interface(), nil
}
