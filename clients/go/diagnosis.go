package rostrum

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
)

// hope says what trying again may bring.
type hope int

const (
	hopeless hope = iota // trying again cannot help
	doubtful             // it looks so, and a dying server looks the same
	hopeful
)

// diagnosis is what an attempt to connect found out; a nil err: it works.
type diagnosis struct {
	err  *Error
	hope hope
}

// So long the server may be silent: whoever waits has waited for a deadline already.
const diagnosisTimeout = time.Second

// diagnose connects once to each server, beside gRPC, to learn why it cannot: gRPC tells only in the
// texts of messages. Nothing is wrong when one connection works.
func diagnose(ctx context.Context, s *settings, config *tls.Config) diagnosis {
	all := make([]diagnosis, len(s.addresses))
	var group sync.WaitGroup
	for i, address := range s.addresses {
		group.Go(func() { all[i] = diagnoseOne(ctx, s, address, config) })
	}
	group.Wait()
	if len(all) == 1 {
		return all[0]
	}
	best := all[0]
	var messages []string
	for _, d := range all {
		if d.err == nil {
			return diagnosis{}
		}
		// The most hopeful one decides: while one server may come back, trying again may help.
		if d.hope > best.hope {
			best = d
		}
		messages = append(messages, d.err.Message)
	}
	summary := &Error{Code: best.err.Code, Reason: best.err.Reason, Message: strings.Join(messages, "; "), cause: best.err}
	return diagnosis{summary, best.hope}
}

func diagnoseOne(ctx context.Context, s *settings, address serverAddress, config *tls.Config) diagnosis {
	ctx, cancel := context.WithTimeout(ctx, diagnosisTimeout)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(address.host, address.port))
	if err != nil {
		return explainFailure(address.text, config, err, false)
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	config = config.Clone()
	config.ServerName = address.host
	if s.serverName != "" {
		config.ServerName = s.serverName
	}
	conn := tls.Client(raw, config)
	secured := false
	if err = conn.HandshakeContext(ctx); err == nil {
		secured = true
		// With TLS 1.3 the server judges our certificate after the handshake is over for us: only
		// its first bytes, the HTTP/2 settings, say that it let us in.
		if _, err = conn.Read(make([]byte, 1)); err == nil {
			return diagnosis{}
		}
	}
	if ctx.Err() != nil {
		err = ctx.Err()
		secured = false
	}
	return explainFailure(address.text, config, err, secured)
}

func explainFailure(address string, config *tls.Config, err error, secured bool) diagnosis {
	if fault := serverCertificateFault(err); fault != "" {
		return refused(hopeless, err, "the certificate of the server at %s %s", address, fault)
	}
	var operation *net.OpError
	alert := errors.As(err, &operation) && operation.Op == "remote error"
	if end, expired := ownExpiry(config); expired && (secured || alert) {
		return diagnosis{ownExpired(end, err), hopeless}
	}
	if alert {
		return refused(hopeless, err, "the server at %s refuses the client certificate", address)
	}
	if secured {
		return refused(doubtful, err, "the server at %s closes the connection after the TLS handshake: it probably refuses the client certificate", address)
	}
	return diagnosis{cannotReach(address, err), hopeful}
}

// serverCertificateFault says what the server's certificate lacks; empty if that is not the failure.
func serverCertificateFault(err error) string {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return "is not issued by the configured authority"
	case errors.As(err, &host):
		return "is not for this host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if time.Now().Before(invalid.Cert.NotBefore) {
			return "is not valid yet"
		}
		return "has expired"
	case errors.As(err, &verification):
		return "cannot be verified"
	}
	return ""
}

func ownExpiry(config *tls.Config) (end time.Time, expired bool) {
	own, err := config.GetClientCertificate(nil)
	if err != nil {
		return time.Time{}, false
	}
	return own.Leaf.NotAfter, own.Leaf.NotAfter.Before(time.Now())
}

func ownExpired(end time.Time, cause error) *Error {
	return certificateRefused(cause, "the client certificate expired at %s", end.UTC().Format(time.RFC3339))
}

func refused(h hope, cause error, format string, values ...any) diagnosis {
	return diagnosis{certificateRefused(cause, "%s (%v)", fmt.Sprintf(format, values...), cause), h}
}

func certificateRefused(cause error, format string, values ...any) *Error {
	return &Error{Code: codes.Unauthenticated, Reason: ErrCertificateRefused, Message: fmt.Sprintf(format, values...), cause: cause}
}

// cannotReach says why no connection can be made.
func cannotReach(address string, err error) *Error {
	var dns *net.DNSError
	why := "the connection fails"
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		why = "nothing listens there"
	case errors.As(err, &dns) && dns.IsNotFound:
		why = "there is no such host"
	case errors.As(err, &dns):
		why = "the host name cannot be resolved now"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		why = "no answer"
	case errors.Is(err, syscall.EHOSTUNREACH):
		why = "the host cannot be reached"
	case errors.Is(err, syscall.ENETUNREACH):
		why = "the network cannot be reached"
	}
	message := fmt.Sprintf("cannot reach a Rostrum server at %s: %s (%v)", address, why, err)
	if address == developmentAddress {
		message += "; start one with `npm start`, or set ROSTRUM_ADDRESS"
	}
	return &Error{Code: codes.Unavailable, Reason: ErrConnectionFailed, Message: message, cause: err}
}

// diagnostician diagnoses for all calls together: those that come while it does wait for the result,
// which holds for a while.
type diagnostician struct {
	mu     sync.Mutex
	latest diagnosis
	ended  time.Time
	doubts int
}

const (
	diagnosisHolds = 200 * time.Millisecond
	// So many doubtful diagnoses in a row count as certain: a dying server does not do that.
	certainAfter = 3
)

// explain says why a connection fails that never worked; nil where it cannot be told.
func (d *diagnostician) explain(attempt func() diagnosis) *Error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended.IsZero() || time.Since(d.ended) > diagnosisHolds {
		d.latest = attempt()
		d.ended = time.Now()
		if d.latest.err != nil && d.latest.hope == doubtful {
			d.doubts++
		} else {
			d.doubts = 0
		}
	}
	if d.latest.err == nil {
		return nil
	}
	mine := *d.latest.err // callers add to it
	mine.permanent = d.latest.hope == hopeless || d.doubts >= certainAfter
	return &mine
}
