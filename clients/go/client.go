package rostrum

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"

	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// Client is a client of one Rostrum service. Share one: it is one connection to each server, and one
// more for every 200 watches. All calls run over them side by side, from any number of goroutines.
type Client struct {
	connection *connection
}

// Connect makes a client. It reads the certificates now and connects with the first call;
// WaitForReady tells whether that works.
//
// Errors: ErrInvalidOptions, ErrCertificateFileMissing, ErrCertificateInvalid.
func Connect(options ...Option) (*Client, error) {
	settings, err := resolveOptions(options)
	if err != nil {
		return nil, err
	}
	connection, err := newConnection(settings)
	if err != nil {
		return nil, err
	}
	return &Client{connection}, nil
}

// Address is host:port of the server; of several, all of them with commas between.
func (c *Client) Address() string { return c.connection.settings.address() }

// WaitForReady waits until a server serves, for at most the default timeout where the context has no
// deadline.
//
// Errors: ErrConnectionFailed or ErrServerNotReady when the deadline passes; at once:
// ErrCertificateRefused, ErrIdentityMissing, ErrClientClosed.
func (c *Client) WaitForReady(ctx context.Context) error {
	ctx, cancel, err := c.connection.withDeadline(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	deadline, _ := ctx.Deadline()
	pause := newBackoff(c.connection.settings.retry)
	var notReady error
	for {
		status, err := c.connection.checkHealth(ctx)
		switch {
		// The deadline may pass within a later question: what was answered before still holds.
		case errors.Is(err, ErrDeadlineExceeded) && notReady != nil:
			return notReady
		case err != nil && FromError(err).Code == codes.Unimplemented:
			return nil // a server without the health service is reached all the same
		case err != nil:
			return err
		case status == grpc_health_v1.HealthCheckResponse_SERVING:
			return nil
		}
		notReady = &Error{
			Code:    codes.Unavailable,
			Reason:  ErrServerNotReady,
			Message: fmt.Sprintf("the server at %s answers, and does not serve yet (%v)", c.Address(), status),
		}
		wait := pause.wait(0)
		if time.Until(deadline) <= wait {
			return notReady
		}
		if err := c.connection.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// Close ends all calls, streams and watches, which then fail with ErrClientClosed, and returns when
// the connections are down. Later calls fail with ErrClientClosed. It never fails; closing twice is
// fine.
func (c *Client) Close() error {
	c.connection.close()
	return nil
}

// Conn is what generated clients are made of, those of other services at the same address too. Calls
// over it have the deadlines, retries and errors of this client: reads are tried again, and
// submissions that have a submission_id; what creates, updates or deletes is not sent twice.
func (c *Client) Conn() grpc.ClientConnInterface { return c.connection }

// ScoreService is the generated client. Submit, SubmitBatch and Stream take more care.
func (c *Client) ScoreService() rostrumv1.ScoreServiceClient {
	return rostrumv1.NewScoreServiceClient(c.connection)
}

// StandingService is the generated client for reads: the top, one player, friends, a neighbourhood.
func (c *Client) StandingService() rostrumv1.StandingServiceClient {
	return rostrumv1.NewStandingServiceClient(c.connection)
}

// LeaderboardService is the generated client for the settings of leaderboards.
func (c *Client) LeaderboardService() rostrumv1.LeaderboardServiceClient {
	return rostrumv1.NewLeaderboardServiceClient(c.connection)
}

// WatchService is the generated client. WatchStandings, WatchChanges and LiveView resume by
// themselves.
func (c *Client) WatchService() rostrumv1.WatchServiceClient {
	return rostrumv1.NewWatchServiceClient(c.connection)
}

// AdminService is the generated client for looking after a server. Needs the role admin.
func (c *Client) AdminService() rostrumv1.AdminServiceClient {
	return rostrumv1.NewAdminServiceClient(c.connection)
}
