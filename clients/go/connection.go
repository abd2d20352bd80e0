package rostrum

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"

	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

const (
	// What the service takes. A larger request is not sent: in a stream it would end the stream.
	maxRequestBytes  = 4 << 20
	maxResponseBytes = 16 << 20
	// How much of a stream that nobody reads is held here: the server then waits, and sends a
	// watcher fewer, larger steps.
	streamWindowBytes = 256 << 10
	// A server takes 1,000 calls at a time of one connection, watches included.
	watchesPerConnection = 200
)

// connection makes the calls of a client, over a gRPC connection to each server, and ends them all
// when it is closed. Watches have connections of their own, so that they take no call's place. It is
// what the generated clients are made of.
type connection struct {
	settings   *settings
	tls        *tls.Config
	dial       func() (*grpc.ClientConn, error)
	cc         *grpc.ClientConn
	closing    context.Context
	endCalls   context.CancelFunc
	answered   atomic.Bool
	diagnoses  diagnostician
	mu         sync.Mutex // guards closed, operations.Add against Close, and watching
	closed     bool
	watching   []*watchConnection
	operations sync.WaitGroup
	views      sync.WaitGroup
	telling    atomic.Int32 // callbacks of views that run now, and may close what would wait for them
}

var _ grpc.ClientConnInterface = (*connection)(nil)

// watchConnection is a gRPC connection to each server, for a part of the watches.
type watchConnection struct {
	*grpc.ClientConn
	watches int
}

func newConnection(s *settings) (*connection, error) {
	config, err := s.tls.load()
	if err != nil {
		return nil, err
	}
	options := []grpc.DialOption{
		grpc.WithResolvers(&resolverBuilder{s.addresses}),
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`),
		grpc.WithDisableServiceConfig(),
		grpc.WithUserAgent("rostrum-go/" + Version),
		// This client retries by itself; gRPC would do it once more behind its back.
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(maxRequestBytes), grpc.MaxCallRecvMsgSize(maxResponseBytes)),
		grpc.WithStaticStreamWindowSize(streamWindowBytes),
		// gRPC for Go allows no shorter time. A server that hangs is found out within the sum of
		// both, one that vanished within the timeout, while calls are open.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 4 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			// A server that was restarted is found again within about a second.
			Backoff: grpcbackoff.Config{
				BaseDelay:  min(100*time.Millisecond, s.retry.MaxBackoff),
				Multiplier: 1.6,
				Jitter:     0.2,
				MaxDelay:   s.retry.MaxBackoff,
			},
			MinConnectTimeout: 10 * time.Second,
		}),
	}
	if len(s.addresses) > 1 {
		options = append(options, grpc.WithNoProxy())
	}
	if s.serverName != "" {
		options = append(options, grpc.WithAuthority(s.serverName))
	}
	options = append(options, s.dialOptions...)
	dial := func() (*grpc.ClientConn, error) {
		return grpc.NewClient(resolverScheme+":///"+strings.ReplaceAll(s.address(), " ", ""), options...)
	}
	cc, err := dial()
	if err != nil {
		return nil, invalidOptions("gRPC refuses the options: %v", err)
	}
	closing, endCalls := context.WithCancel(context.Background())
	return &connection{settings: s, tls: config, dial: dial, cc: cc, closing: closing, endCalls: endCalls}, nil
}

// forWatch finds a connection with room for a watch, or makes one; the caller leaves it by leave.
func (c *connection) forWatch() (cc *grpc.ClientConn, leave func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.watching, func(w *watchConnection) bool { return w.watches < watchesPerConnection })
	if i < 0 {
		cc, err := c.dial()
		if err != nil {
			return nil, nil, err
		}
		i = len(c.watching)
		c.watching = append(c.watching, &watchConnection{ClientConn: cc})
	}
	w := c.watching[i]
	w.watches++
	return w.ClientConn, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		w.watches--
	}, nil
}

// begin counts an operation that Close waits for; the caller ends it by operations.Done.
func (c *connection) begin(ctx context.Context) error {
	if ctx == nil {
		return invalidOptions("the context is nil")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return clientClosed()
	}
	c.operations.Add(1)
	return nil
}

// whileOpen is a context that also ends when the client is closed.
func (c *connection) whileOpen(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.closing, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// withDeadline gives a context its deadline, unless it has one.
func (c *connection) withDeadline(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if ctx == nil {
		return nil, nil, invalidOptions("the context is nil")
	}
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.settings.defaultTimeout)
	return ctx, cancel, nil
}

// Invoke makes a unary call, and tries again until its deadline where that can help.
func (c *connection) Invoke(ctx context.Context, method string, args, reply any, options ...grpc.CallOption) error {
	return c.invoke(ctx, method, args, reply, nil, options...)
}

// invoke is Invoke, and notes what the attempts leave open, where made is given.
func (c *connection) invoke(ctx context.Context, method string, args, reply any, made *attempts, options ...grpc.CallOption) error {
	ctx, cancel, err := c.withDeadline(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	deadline, _ := ctx.Deadline()
	repeatable := isRepeatable(method, args)
	pause := newBackoff(c.settings.retry)
	var last *Error
	for attempt := 1; ; attempt++ {
		if !repeatable {
			if err := c.ensureConnected(ctx); err != nil {
				return err
			}
		}
		failure := c.attempt(ctx, method, args, reply, made, options)
		switch {
		case failure == nil:
			return nil
		case failure.Code == codes.Canceled:
			return failure
		case failure.Code == codes.DeadlineExceeded:
			return c.outOfTime(failure, last)
		}
		least, worthIt := retryWait(failure, repeatable)
		if !worthIt || attempt == c.settings.retry.MaxAttempts {
			return failure
		}
		wait := pause.wait(least)
		if time.Until(deadline) <= wait {
			return failure
		}
		last = failure
		if err := c.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// isRepeatable says whether sending a call a second time is harmless: reads, and submissions that have
// their ids.
func isRepeatable(method string, args any) bool {
	switch request := args.(type) {
	case *rostrumv1.SubmitScoreRequest:
		return request.GetSubmission().GetSubmissionId() != ""
	case *rostrumv1.BatchSubmitScoresRequest:
		for _, submission := range request.GetSubmissions() {
			if submission.GetSubmissionId() == "" {
				return false
			}
		}
		return true
	}
	name := method[strings.LastIndexByte(method, '/')+1:]
	for _, prefix := range []string{"Get", "List", "BatchGet", "Ping", "Check"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// attempt makes one attempt at a unary call.
func (c *connection) attempt(ctx context.Context, method string, args, reply any, made *attempts, options []grpc.CallOption) *Error {
	if err := c.begin(ctx); err != nil {
		return FromError(err)
	}
	defer c.operations.Done()
	ctx, cancel := c.whileOpen(ctx)
	defer cancel()
	var server peer.Peer // stays empty while there is no connection to send over
	if made != nil {
		options = append(slices.Clip(options), grpc.Peer(&server))
	}
	err := c.cc.Invoke(ctx, method, args, reply, options...)
	if err == nil {
		c.answered.Store(true)
		return nil
	}
	raw := FromError(err)
	if message, ok := args.(proto.Message); ok && (raw.Code == codes.Internal && raw.Reason == "" || raw.Reason == ErrMessageTooLarge) {
		if _, unsendable := encode(message); unsendable != nil {
			return unsendable
		}
	}
	if made != nil && server.Addr != nil {
		// Judged by what came, not by what is wrong with the connection now.
		made.mayBeDone = mayBeDoneAfter(raw, made.mayBeDone)
	}
	failure := c.failure(ctx, err)
	return failure
}

// failure is the error of an attempt or stream whose context is ctx.
func (c *connection) failure(ctx context.Context, err error) *Error {
	if c.closing.Err() != nil {
		return clientClosed()
	}
	failure := FromError(err)
	switch failure.Reason {
	case ErrConnectionFailed:
		if ctx.Err() != nil {
			return ofContext(ctx)
		}
		if explained := c.explain(); explained != nil {
			return explained
		}
		failure.Message = fmt.Sprintf("the connection to %s fails: %s", c.settings.address(), failure.Message)
	case ErrDeadlineExceeded:
	default:
		c.answered.Store(true)
	}
	return failure
}

// ensureConnected sees to it that a call which must not be sent twice is not sent into a connection
// that may turn out to be dead: from then on, a lost connection means that the call may have arrived.
func (c *connection) ensureConnected(ctx context.Context) error {
	if c.cc.GetState() == connectivity.Ready {
		return nil
	}
	_, err := c.checkHealth(ctx)
	if err != nil && c.cc.GetState() == connectivity.Ready {
		return nil // whatever a server answers, it has been reached, and the call will tell the rest
	}
	return err
}

func (c *connection) checkHealth(ctx context.Context) (grpc_health_v1.HealthCheckResponse_ServingStatus, error) {
	answer, err := grpc_health_v1.NewHealthClient(c).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return answer.GetStatus(), err
}

func (c *connection) outOfTime(failure, last *Error) error {
	switch {
	// The last attempt waited in vain for a connection.
	case last != nil && (last.Reason == ErrConnectionFailed || last.Reason == ErrCertificateRefused) && c.cc.GetState() != connectivity.Ready:
		return last
	// The service says as little about what was recorded as this last attempt does, and says why.
	case last != nil && last.Reason == ErrStoreUnavailable:
		return last
	case last != nil:
		late := *failure
		late.Message += "; the attempt before it: " + last.Message
		late.cause = last
		return &late
	}
	// A server that never answered: say what is wrong with it rather than that time ran out.
	if explained := c.explain(); explained != nil {
		return explained
	}
	return failure
}

// explain says why a connection fails that never worked, or that ended with the client's certificate;
// nil where it cannot be told.
func (c *connection) explain() *Error {
	if c.answered.Load() {
		if end, expired := ownExpiry(c.tls); expired {
			return ownExpired(end, nil) // its files may be renewed
		}
		return nil
	}
	if c.begin(c.closing) != nil {
		return nil
	}
	defer c.operations.Done()
	explained := c.diagnoses.explain(func() diagnosis { return diagnose(c.closing, c.settings, c.tls) })
	if c.closing.Err() != nil {
		return nil
	}
	return explained
}

// sleep waits; it returns an error where the context, or the client, ends before.
func (c *connection) sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ofContext(ctx)
	case <-c.closing.Done():
		return clientClosed()
	}
}

// await waits until done is closed; it returns an error where the context ends before.
func await(ctx context.Context, done <-chan struct{}) error {
	if ctx == nil {
		return invalidOptions("the context is nil")
	}
	if isDone(done) {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ofContext(ctx)
	}
}

func isDone(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// NewStream opens a stream for a generated client. Its errors are those of this package; it is not
// opened again.
func (c *connection) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := c.open(ctx, desc, method, options...)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// open opens a stream. Cancel ctx to end it, or read it to its end.
func (c *connection) open(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (*clientStream, error) {
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	defer c.operations.Done()
	open, cancel := c.whileOpen(ctx)
	context.AfterFunc(open, cancel) // also where nobody reads the stream to its end
	cc := c.cc
	if strings.HasPrefix(method, "/"+rostrumv1.WatchService_ServiceDesc.ServiceName+"/") {
		var leave func()
		var err error
		if cc, leave, err = c.forWatch(); err != nil {
			cancel()
			return nil, c.failure(ctx, err)
		}
		context.AfterFunc(open, leave)
	}
	s, err := cc.NewStream(open, desc, method, options...)
	if err != nil {
		cancel()
		return nil, c.failure(ctx, err)
	}
	return &clientStream{ClientStream: s, connection: c, ctx: ctx, cancel: cancel}, nil
}

// clientStream is a stream whose errors are those of this package.
type clientStream struct {
	grpc.ClientStream
	connection *connection
	ctx        context.Context // of the caller
	cancel     context.CancelFunc
}

func (s *clientStream) SendMsg(message any) error {
	err := s.ClientStream.SendMsg(message)
	if err == nil || err == io.EOF { // the error is then the one of RecvMsg
		return err
	}
	defer s.cancel()
	if message, ok := message.(proto.Message); ok {
		if _, unsendable := encode(message); unsendable != nil {
			return unsendable
		}
	}
	return s.connection.failure(s.ctx, err)
}

func (s *clientStream) RecvMsg(message any) error {
	if err := s.connection.begin(s.ctx); err != nil {
		s.cancel()
		return err
	}
	defer s.connection.operations.Done()
	err := s.ClientStream.RecvMsg(message)
	if err == nil {
		s.connection.answered.Store(true)
		return nil
	}
	defer s.cancel()
	if err == io.EOF {
		return err
	}
	return s.connection.failure(s.ctx, err)
}

// close ends every call, and returns when all have ended.
func (c *connection) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.endCalls()
	c.operations.Wait()
	if c.telling.Load() == 0 {
		c.views.Wait()
	}
	_ = c.cc.Close() // only tells that it was closed before
	for _, w := range c.watching {
		_ = w.Close()
	}
}
