package rostrum

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc/codes"
)

// maxPEM is more than any bundle of certificates has.
const maxPEM = 1 << 20

// pem is a PEM file's path, or its content.
type pem struct {
	path  string
	bytes []byte
}

type tlsSource struct{ ca, cert, key pem }

// fillIn takes what is not set from the environment.
func (s *tlsSource) fillIn() error {
	given := func(p pem) bool { return p.path != "" || len(p.bytes) > 0 }
	if given(s.ca) && given(s.cert) && given(s.key) {
		return nil
	}
	if given(s.ca) || given(s.cert) || given(s.key) {
		return invalidOptions("TLS needs all of ca, cert and key")
	}
	s.ca.path, s.cert.path, s.key.path = os.Getenv("ROSTRUM_TLS_CA"), os.Getenv("ROSTRUM_TLS_CERT"), os.Getenv("ROSTRUM_TLS_KEY")
	if s.ca.path == "" || s.cert.path == "" || s.key.path == "" {
		return invalidOptions("TLS is missing: give ca, cert and key by WithTLSFiles or WithTLS, or set ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT and ROSTRUM_TLS_KEY (after `npm start`: certs/dev/ca.crt, certs/dev/writer.crt, certs/dev/writer.key)")
	}
	return nil
}

// load reads certificates and key.
func (s *tlsSource) load() (*tls.Config, error) {
	for _, p := range []*pem{&s.ca, &s.cert, &s.key} {
		if strings.Contains(p.path, "-----BEGIN") { // not to stand in messages: it may be a key
			return nil, invalidOptions("TLS: PEM is given in place of the path of a file; WithTLS takes it")
		}
		if absolute, err := filepath.Abs(p.path); err == nil && p.path != "" {
			p.path = absolute // the working directory may change before it is read again
		}
	}
	ca, err := s.ca.read("authority certificate", "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(ca) {
		return nil, certificateInvalid(nil, "%s cannot be used", s.ca.label("authority certificate"))
	}
	var own atomic.Pointer[tls.Certificate]
	if err := s.loadOwn(&own); err != nil {
		return nil, err
	}
	return &tls.Config{
		RootCAs: authorities,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			_ = s.loadOwn(&own) // while files are being replaced, those before stay in use
			return own.Load(), nil
		},
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2"},
	}, nil
}

// loadOwn reads the client's certificate and key.
func (s *tlsSource) loadOwn(own *atomic.Pointer[tls.Certificate]) error {
	cert, err := s.cert.read("client certificate", "CERTIFICATE")
	if err != nil {
		return err
	}
	key, err := s.key.read("client key", "PRIVATE KEY")
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		detail := strings.TrimPrefix(err.Error(), "tls: ")
		return certificateInvalid(err, "%s and %s cannot be used together: %s", s.cert.label("client certificate"), s.key.label("client key"), detail)
	}
	own.Store(&pair)
	return nil
}

// read returns the content. kind is what a PEM file calls it; such as EC PRIVATE KEY is one too.
func (p pem) read(what, kind string) ([]byte, error) {
	content := p.bytes
	if p.path != "" {
		var err error
		if content, err = readSmallFile(p.path); errors.Is(err, errUnsuitable) {
			return nil, certificateInvalid(err, "%s cannot be used: %v", p.label(what), err)
		} else if err != nil {
			why := err
			var pathError *os.PathError
			if errors.As(err, &pathError) {
				why = pathError.Err
			}
			return nil, &Error{
				Code:     codes.FailedPrecondition,
				Reason:   ErrCertificateFileMissing,
				Message:  fmt.Sprintf("cannot read %s (%v)%s", p.label(what), why, p.hint()),
				Metadata: map[string]string{"path": p.path},
				cause:    err,
			}
		}
	}
	if !bytes.Contains(content, []byte(kind+"-----")) {
		return nil, certificateInvalid(nil, "%s is none: a PEM file with -----BEGIN %s----- is needed", p.label(what), kind)
	}
	return content, nil
}

var errUnsuitable = errors.New("it is not a file of at most 1 MiB")

// readSmallFile reads a regular file, or one that a link leads to: whoever names a device or a pipe by mistake
// would wait, or run out of memory.
func readSmallFile(path string) ([]byte, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errUnsuitable
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxPEM+1))
	if len(content) > maxPEM {
		return nil, errUnsuitable
	}
	return content, err
}

// hint tells what makes the certificates of a checkout.
func (p pem) hint() string {
	if filepath.Base(filepath.Dir(p.path)) != "dev" {
		return ""
	}
	return "; development certificates are made by `npm start`, or by `npm run certs`"
}

func (p pem) label(what string) string {
	if p.path == "" {
		return "the " + what
	}
	return "the " + what + " " + p.path
}

func certificateInvalid(cause error, format string, values ...any) *Error {
	return &Error{Code: codes.FailedPrecondition, Reason: ErrCertificateInvalid, Message: fmt.Sprintf(format, values...), cause: cause}
}
