package rostrum_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rostrum.dev/go/rostrum"
	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

func TestConnectRefusesWhatCannotWork(t *testing.T) {
	ca, cert, key := service.File("ca.crt"), service.File("writer.crt"), service.File("writer.key")
	good := rostrum.WithTLSFiles(ca, cert, key)
	directory := t.TempDir()
	garbled := filepath.Join(directory, "garbled.crt")
	if err := os.WriteFile(garbled, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ROSTRUM_TLS_CA", "")
	t.Chdir(directory)
	tests := []struct {
		name    string
		options []rostrum.Option
		reason  rostrum.Reason
		text    string
	}{
		{"nothing", nil, rostrum.ErrInvalidOptions, "ROSTRUM_TLS_CA"},
		{"a nil option", []rostrum.Option{good, nil}, rostrum.ErrInvalidOptions, "nil"},
		{"some of TLS", []rostrum.Option{rostrum.WithTLSFiles(ca, cert, "")}, rostrum.ErrInvalidOptions, "all of"},
		{"no port", []rostrum.Option{good, rostrum.WithAddress("localhost")}, rostrum.ErrInvalidOptions, `"localhost"`},
		{"a port too high", []rostrum.Option{good, rostrum.WithAddress("a:1,b:65536")}, rostrum.ErrInvalidOptions, `"b:65536"`},
		{"a URL", []rostrum.Option{good, rostrum.WithAddress("https://a:1")}, rostrum.ErrInvalidOptions, "host:port"},
		{"no address", []rostrum.Option{good, rostrum.WithAddress()}, rostrum.ErrInvalidOptions, "address"},
		{"no timeout", []rostrum.Option{good, rostrum.WithDefaultTimeout(0)}, rostrum.ErrInvalidOptions, "timeout"},
		{"a negative backoff", []rostrum.Option{good, rostrum.WithRetry(rostrum.Retry{MaxBackoff: -1})}, rostrum.ErrInvalidOptions, "Retry"},
		{"a server name that is none", []rostrum.Option{good, rostrum.WithServerName("127.0.0.1")}, rostrum.ErrInvalidOptions, "IP address"},
		{"a relative path", []rostrum.Option{rostrum.WithTLSFiles("certs/dev/ca.crt", cert, key)}, rostrum.ErrCertificateFileMissing, filepath.Join(directory, "certs/dev/ca.crt")},
		{"a directory", []rostrum.Option{rostrum.WithTLSFiles(ca, directory, key)}, rostrum.ErrCertificateInvalid, "client certificate"},
		{"PEM for a path", []rostrum.Option{rostrum.WithTLSFiles(ca, cert, "-----BEGIN PRIVATE KEY-----\nsecret")}, rostrum.ErrInvalidOptions, "WithTLS"},
		{"a device", []rostrum.Option{rostrum.WithTLSFiles(ca, "/dev/zero", key)}, rostrum.ErrCertificateInvalid, "/dev/zero"},
		{"a key for a certificate", []rostrum.Option{rostrum.WithTLSFiles(ca, key, key)}, rostrum.ErrCertificateInvalid, "BEGIN CERTIFICATE"},
		{"a garbled authority", []rostrum.Option{rostrum.WithTLSFiles(garbled, cert, key)}, rostrum.ErrCertificateInvalid, "authority"},
		{"somebody else's key", []rostrum.Option{rostrum.WithTLSFiles(ca, cert, service.File("reader.key"))}, rostrum.ErrCertificateInvalid, "together"},
		{"bytes that are none", []rostrum.Option{rostrum.WithTLS([]byte("x"), []byte("x"), []byte("x"))}, rostrum.ErrCertificateInvalid, "none"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := rostrum.Connect(test.options...)
			wantReason(t, err, test.reason)
			wantText(t, err, test.text)
		})
	}
}

func TestConnectTakesTheEnvironmentAndBytes(t *testing.T) {
	t.Setenv("ROSTRUM_ADDRESS", service.Address)
	t.Setenv("ROSTRUM_TLS_CA", service.File("ca.crt"))
	t.Setenv("ROSTRUM_TLS_CERT", service.File("reader.crt"))
	t.Setenv("ROSTRUM_TLS_KEY", service.File("reader.key"))
	content := func(name string) []byte {
		bytes, err := os.ReadFile(service.File(name))
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	for _, options := range [][]rostrum.Option{nil, {rostrum.WithTLS(content("ca.crt"), content("writer.crt"), content("writer.key"))}} {
		client, err := rostrum.Connect(options...)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.WaitForReady(t.Context()); err != nil {
			t.Error(err)
		}
		if client.Address() != service.Address {
			t.Errorf("the address is %s", client.Address())
		}
		client.Close()
	}
}

func TestAHostNameMayStandForSeveralAddresses(t *testing.T) {
	_, port, err := net.SplitHostPort(service.Address)
	if err != nil {
		t.Fatal(err)
	}
	// The server has the IPv4 address alone, and a certificate for the name.
	client := service.Connect(t, "reader", rostrum.WithAddress("localhost:"+port))
	if err := client.WaitForReady(t.Context()); err != nil {
		t.Error(err)
	}
	partly := service.Connect(t, "reader", rostrum.WithAddress("nowhere.invalid:1", "localhost:"+port))
	if err := partly.WaitForReady(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestConnectionErrorsSayWhatIsWrong(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	other := t.TempDir()
	service.Do(t, map[string]any{"op": "make", "directory": other})
	tls := func(identity string) rostrum.Option {
		return rostrum.WithTLSFiles(service.File("ca.crt"), service.File(identity+".crt"), service.File(identity+".key"))
	}
	tests := []struct {
		name   string
		option rostrum.Option
		reason rostrum.Reason
		text   string
	}{
		{"nobody listens", rostrum.WithAddress(closed.Addr().String()), rostrum.ErrConnectionFailed, "nothing listens there"},
		{"nobody answers", rostrum.WithAddress(silent.Addr().String()), rostrum.ErrConnectionFailed, "no answer"},
		{"no such host", rostrum.WithAddress("nowhere.invalid:1"), rostrum.ErrConnectionFailed, "nowhere.invalid"},
		{"a foreign certificate", tls("foreign"), rostrum.ErrCertificateRefused, "refuses the client certificate"},
		{"an expired certificate", tls("expired"), rostrum.ErrCertificateRefused, "the client certificate expired at"},
		{"an early certificate", tls("early"), rostrum.ErrCertificateRefused, "refuses the client certificate"},
		{"another authority", rostrum.WithTLSFiles(filepath.Join(other, "ca.crt"), service.File("writer.crt"), service.File("writer.key")), rostrum.ErrCertificateRefused, "the certificate of the server at " + service.Address + " is not issued by the configured authority"},
		{"another name", rostrum.WithServerName("elsewhere.example"), rostrum.ErrCertificateRefused, "is not for this host"},
		{"two servers", rostrum.WithAddress(closed.Addr().String() + ", nowhere.invalid:1"), rostrum.ErrConnectionFailed, "nothing listens there"},
		{"no identity", tls("roleless"), rostrum.ErrIdentityMissing, "spiffe"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := service.Connect(t, "writer", test.option)
			ctx := within(t, 1500*time.Millisecond)
			if test.reason == rostrum.ErrCertificateRefused {
				ctx = within(t, 20*time.Second) // told at once, not when the deadline passes
			}
			begun := time.Now()
			_, err := client.Submit(ctx, score("x", "ada", 1))
			wantReason(t, err, test.reason)
			wantText(t, err, test.text)
			if time.Since(begun) > 10*time.Second {
				t.Errorf("it took %v", time.Since(begun))
			}
			if test.reason == rostrum.ErrCertificateRefused {
				stream, err := client.Stream(ctx)
				if err != nil {
					t.Fatal(err)
				}
				pending, err := stream.Submit(ctx, score("x", "ada", 1))
				if err == nil {
					_, err = pending.Result(ctx)
				}
				wantReason(t, err, test.reason)
				wantReason(t, stream.Close(), test.reason)
				for _, err := range client.WatchStandings(ctx, &rostrumv1.WatchStandingsRequest{LeaderboardId: "x"}) {
					wantReason(t, err, test.reason)
				}
			}
		})
	}
}

func TestSeveralServers(t *testing.T) {
	second := service.StartServer(t, "second", nil)
	defer service.Do(t, map[string]any{"op": "stop", "server": "second"})
	admin := service.Connect(t, "admin", rostrum.WithAddress(service.Address, second))
	ctx := within(t, time.Minute)
	instances := map[string]bool{}
	for until := time.Now().Add(20 * time.Second); len(instances) < 2 && time.Now().Before(until); {
		stats, err := admin.AdminService().GetServerStats(ctx, &rostrumv1.GetServerStatsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		instances[stats.GetStartTime().String()] = true
	}
	if len(instances) < 2 {
		t.Error("one server answers all calls")
	}
	client := service.Connect(t, "writer", rostrum.WithAddress(second+","+service.Address))
	id := board(t, client)
	stop := make(chan struct{})
	var calls sync.WaitGroup
	var count int
	calls.Go(func() {
		for ; ; count++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := client.Submit(ctx, score(id, "ada", 1)); err != nil {
				t.Errorf("a call fails while one of two servers is away: %v", err)
				return
			}
		}
	})
	for range 3 {
		service.Kill(t, "second")
		time.Sleep(100 * time.Millisecond)
		service.StartServer(t, "second", nil)
	}
	close(stop)
	calls.Wait()
	if got := standing(t, client, id, "ada").GetScore(); got != float64(count) {
		t.Errorf("%v of %d counted", got, count)
	}
}

func TestStubsHaveTheErrorsAndRetriesOfTheClient(t *testing.T) {
	client := service.Connect(t, "reader")
	admin := service.Connect(t, "admin")
	_, err := client.StandingService().GetStanding(t.Context(), &rostrumv1.GetStandingRequest{LeaderboardId: board(t, admin), PlayerId: "nobody"})
	e := wantReason(t, err, rostrum.ErrStandingNotFound)
	if e.Code != codes.NotFound || e.Metadata["player_id"] != "nobody" || status.Code(err) != codes.NotFound {
		t.Errorf("%#v, and %v for gRPC", e, status.Code(err))
	}
	_, err = client.LeaderboardService().CreateLeaderboard(t.Context(), &rostrumv1.CreateLeaderboardRequest{Leaderboard: &rostrumv1.Leaderboard{LeaderboardId: "x"}})
	wantReason(t, err, rostrum.ErrRoleNotAllowed)
	_, err = client.LeaderboardService().GetLeaderboard(t.Context(), nil)
	wantReason(t, err, rostrum.ErrInvalidField)
	_, err = admin.LeaderboardService().CreateLeaderboard(t.Context(), &rostrumv1.CreateLeaderboardRequest{Leaderboard: &rostrumv1.Leaderboard{LeaderboardId: t.Name(), DisplayName: "\xff"}})
	wantReason(t, err, rostrum.ErrInvalidField)
	_, err = admin.LeaderboardService().CreateLeaderboard(t.Context(), &rostrumv1.CreateLeaderboardRequest{Leaderboard: &rostrumv1.Leaderboard{LeaderboardId: t.Name() + ".2"}})
	if err != nil {
		t.Fatal(err)
	}
	progress, err := admin.AdminService().VerifyLeaderboard(t.Context(), &rostrumv1.VerifyLeaderboardRequest{LeaderboardId: "no such"})
	if err == nil {
		_, err = progress.Recv()
	}
	if rostrum.FromError(err).Reason == "" {
		t.Errorf("the stream of a stub has no reason: %v", err)
	}
	progress, err = admin.AdminService().VerifyLeaderboard(t.Context(), &rostrumv1.VerifyLeaderboardRequest{LeaderboardId: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := progress.Recv(); err != nil {
		t.Error(err)
	}
	away := service.Connect(t, "admin", rostrum.WithAddress("127.0.0.1:1"))
	progress, err = away.AdminService().VerifyLeaderboard(within(t, 2*time.Second), &rostrumv1.VerifyLeaderboardRequest{LeaderboardId: t.Name()})
	if err == nil {
		_, err = progress.Recv()
	}
	wantReason(t, err, rostrum.ErrConnectionFailed)
	wantText(t, err, "nothing listens there")
}

func TestReadsAreTriedAgain(t *testing.T) {
	address := service.StartServer(t, "restarted", nil)
	client := service.Connect(t, "admin", rostrum.WithAddress(address))
	id := board(t, client)
	service.Kill(t, "restarted")
	answers := make(chan error, 2)
	go func() {
		_, err := client.StandingService().ListStandings(t.Context(), &rostrumv1.ListStandingsRequest{LeaderboardId: id})
		answers <- err
	}()
	go func() {
		// Where the client has seen that the connection is gone, it waits for the next one.
		_, err := client.LeaderboardService().DeleteLeaderboard(t.Context(), &rostrumv1.DeleteLeaderboardRequest{LeaderboardId: id + "x"})
		if errors.Is(err, rostrum.ErrConnectionFailed) || errors.Is(err, rostrum.ErrLeaderboardNotFound) {
			err = nil
		}
		answers <- err
	}()
	service.StartServer(t, "restarted", nil)
	defer service.Do(t, map[string]any{"op": "stop", "server": "restarted"})
	for range 2 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	single := service.Connect(t, "reader", rostrum.WithAddress("127.0.0.1:1"), rostrum.WithoutRetry())
	begun := time.Now()
	_, err := single.StandingService().ListStandings(t.Context(), &rostrumv1.ListStandingsRequest{LeaderboardId: id})
	wantReason(t, err, rostrum.ErrConnectionFailed)
	if time.Since(begun) > 5*time.Second {
		t.Errorf("a single attempt took %v", time.Since(begun))
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	wantNothingRunning(t)
	client := service.Connect(t, "writer")
	id := board(t, client)
	ctx := t.Context()
	stream, err := client.Stream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	pending, err := stream.Submit(ctx, score(id, "ada", 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pending.Result(ctx); err != nil {
		t.Fatal(err)
	}
	request := &rostrumv1.WatchStandingsRequest{LeaderboardId: id}
	view, err := client.LiveView(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	if err := view.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	watched := make(chan error)
	live := make(chan struct{})
	go func() {
		var last error
		for _, err := range client.WatchStandings(ctx, request, rostrum.OnLive(func() { close(live) })) {
			last = err
		}
		watched <- last
	}()
	<-live
	raw, err := client.WatchService().WatchChanges(ctx, &rostrumv1.WatchChangesRequest{LeaderboardId: id})
	if err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			for {
				if _, err := client.Submit(ctx, score(id, "bob", 1)); err != nil {
					if !errors.Is(err, rostrum.ErrClientClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	client.Close()
	client.Close()
	calls.Wait()
	wantReason(t, <-watched, rostrum.ErrClientClosed)
	wantReason(t, stream.Close(), rostrum.ErrClientClosed)
	wantReason(t, view.Now().Err, rostrum.ErrClientClosed)
	for err = nil; err == nil; _, err = raw.Recv() {
	}
	wantReason(t, err, rostrum.ErrClientClosed)

	_, err = client.Submit(ctx, score(id, "ada", 1))
	wantReason(t, err, rostrum.ErrClientClosed)
	_, err = client.SubmitBatch(ctx, []*rostrumv1.ScoreSubmission{score(id, "ada", 1)})
	wantReason(t, err, rostrum.ErrClientClosed)
	_, err = client.Stream(ctx)
	wantReason(t, err, rostrum.ErrClientClosed)
	_, err = client.LiveView(ctx, request)
	wantReason(t, err, rostrum.ErrClientClosed)
	_, err = client.StandingService().ListStandings(ctx, nil)
	wantReason(t, err, rostrum.ErrClientClosed)
	_, err = client.WatchService().WatchChanges(ctx, nil)
	wantReason(t, err, rostrum.ErrClientClosed)
	for _, err := range client.WatchStandings(ctx, request) {
		wantReason(t, err, rostrum.ErrClientClosed)
	}
	wantReason(t, client.WaitForReady(ctx), rostrum.ErrClientClosed)
	wantNothingRunning(t)
}

func TestCloseWhileConnecting(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	client := service.Connect(t, "writer", rostrum.WithAddress(silent.Addr().String()))
	answer := make(chan error)
	go func() { answer <- client.WaitForReady(context.Background()) }()
	if _, err := silent.Accept(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	client.Close()
	wantReason(t, <-answer, rostrum.ErrClientClosed)
	if time.Since(begun) > 2*time.Second {
		t.Errorf("closing took %v", time.Since(begun))
	}
	wantNothingRunning(t)
}

func TestNilContexts(t *testing.T) {
	client := service.Connect(t, "writer")
	var none context.Context
	_, err := client.Submit(none, score("x", "ada", 1))
	wantReason(t, err, rostrum.ErrInvalidOptions)
	_, err = client.SubmitBatch(none, nil)
	wantReason(t, err, rostrum.ErrInvalidOptions)
	_, err = client.Stream(none)
	wantReason(t, err, rostrum.ErrInvalidOptions)
	_, err = client.LiveView(none, &rostrumv1.WatchStandingsRequest{LeaderboardId: "x"})
	wantReason(t, err, rostrum.ErrInvalidOptions)
	for _, err := range client.WatchChanges(none, &rostrumv1.WatchChangesRequest{LeaderboardId: "x"}) {
		wantReason(t, err, rostrum.ErrInvalidOptions)
	}
	wantReason(t, client.WaitForReady(none), rostrum.ErrInvalidOptions)
}

func TestErrorsAreThoseOfTheContract(t *testing.T) {
	source, err := os.ReadFile("error.go")
	if err != nil {
		t.Fatal(err)
	}
	for name := range rostrumv1.ErrorReason_value {
		name = strings.TrimPrefix(name, "ERROR_REASON_")
		if name != "UNSPECIFIED" && !strings.Contains(string(source), `Reason = "`+name+`"`) {
			t.Errorf("%s has no constant", name)
		}
	}
}

func TestFromError(t *testing.T) {
	if rostrum.FromError(nil) != nil {
		t.Error("nil is an error")
	}
	e := rostrum.FromError(status.Error(codes.Unavailable, "gone"))
	if e.Reason != rostrum.ErrConnectionFailed || status.Code(e) != codes.Unavailable {
		t.Errorf("%#v", e)
	}
	cause := errors.New("the match is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := service.Connect(t, "writer").Submit(ctx, score("x", "ada", 1))
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || errors.Is(err, rostrum.ErrClientClosed) || status.Code(err) != codes.Canceled {
		t.Errorf("%v", err)
	}
	if e := rostrum.FromError(context.DeadlineExceeded); !errors.Is(e, rostrum.ErrDeadlineExceeded) || !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("%v", e)
	}
	if e := rostrum.FromError(cause); e.Code != codes.Unknown || !errors.Is(e, cause) {
		t.Errorf("%v", e)
	}
}
