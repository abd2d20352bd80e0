package rostrum

import (
	"cmp"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
)

// Option is a setting of a client; see Connect.
type Option func(*settings)

type settings struct {
	addresses      []serverAddress
	addressTexts   []string
	tls            tlsSource
	serverName     string
	defaultTimeout time.Duration
	retry          Retry
	dialOptions    []grpc.DialOption
}

// developmentAddress is where `npm start` serves.
const developmentAddress = "localhost:50051"

// WithAddress names the servers as host:port; a text may hold several, with commas between. A host
// name may stand for several servers as well. Calls are spread over all of them, and go on with the
// others while one is away. Default: ROSTRUM_ADDRESS of the environment, or localhost:50051.
func WithAddress(addresses ...string) Option {
	return func(s *settings) { s.addressTexts = append([]string{}, addresses...) }
}

// WithTLSFiles names the PEM files of the authority that issued the server's certificate, and of the
// client's certificate and key. Each new connection reads the last two again: renew them in their
// place. Default: ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT and ROSTRUM_TLS_KEY of the environment.
func WithTLSFiles(ca, cert, key string) Option {
	return func(s *settings) { s.tls = tlsSource{ca: pem{path: ca}, cert: pem{path: cert}, key: pem{path: key}} }
}

// WithTLS is WithTLSFiles with the content of the files.
func WithTLS(ca, cert, key []byte) Option {
	return func(s *settings) { s.tls = tlsSource{ca: pem{bytes: ca}, cert: pem{bytes: cert}, key: pem{bytes: key}} }
}

// WithServerName sets the name to expect in the certificates of the servers, where it is not the host
// of the address.
func WithServerName(name string) Option {
	return func(s *settings) { s.serverName = name }
}

// WithDefaultTimeout sets how long a unary call may take, retries included, whose context has no
// deadline. Default: 10 s.
func WithDefaultTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.defaultTimeout = timeout }
}

// WithRetry sets how failed calls are tried again.
func WithRetry(retry Retry) Option {
	return func(s *settings) { s.retry = retry }
}

// WithoutRetry makes every unary call a single attempt.
func WithoutRetry() Option { return WithRetry(Retry{MaxAttempts: 1}) }

// WithDialOptions hands options to gRPC, such as interceptors and stats handlers. An interceptor sees
// each attempt of a call.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) { s.dialOptions = append(s.dialOptions, options...) }
}

func resolveOptions(options []Option) (*settings, error) {
	s := &settings{defaultTimeout: 10 * time.Second}
	for _, option := range options {
		if option == nil {
			return nil, invalidOptions("an option is nil")
		}
		option(s)
	}
	if s.addressTexts == nil {
		s.addressTexts = []string{cmp.Or(os.Getenv("ROSTRUM_ADDRESS"), developmentAddress)}
	}
	var err error
	if s.addresses, err = parseAddresses(s.addressTexts); err != nil {
		return nil, err
	}
	if s.defaultTimeout <= 0 {
		return nil, invalidOptions("the default timeout must be positive, not %v", s.defaultTimeout)
	}
	if s.retry.InitialBackoff < 0 || s.retry.MaxBackoff < 0 || s.retry.MaxAttempts < 0 {
		return nil, invalidOptions("the values of Retry must not be negative")
	}
	s.retry.MaxBackoff = cmp.Or(s.retry.MaxBackoff, time.Second)
	s.retry.InitialBackoff = min(cmp.Or(s.retry.InitialBackoff, 50*time.Millisecond), s.retry.MaxBackoff)
	if s.serverName != "" && isIP(s.serverName) {
		return nil, invalidOptions("the server name %s is an IP address; leave it out where the address is the one to check", s.serverName)
	}
	return s, s.tls.fillIn()
}

// address is all of them as text, for messages.
func (s *settings) address() string {
	texts := make([]string, len(s.addresses))
	for i, address := range s.addresses {
		texts[i] = address.text
	}
	return strings.Join(texts, ", ")
}

// serverAddress is where servers are: a name may stand for several.
type serverAddress struct {
	text string // host:port, as it was given
	host string // a name or an IP address, without brackets
	port string
}

func parseAddresses(texts []string) ([]serverAddress, error) {
	var addresses []serverAddress
	for _, list := range texts {
		for text := range strings.SplitSeq(list, ",") {
			text = strings.TrimSpace(text)
			host, port, err := net.SplitHostPort(text)
			number, notANumber := strconv.ParseUint(port, 10, 16)
			if err != nil || notANumber != nil || host == "" || number == 0 || strings.ContainsAny(host, " \t/") || strings.HasPrefix(text, "[") && !isIP(host) {
				return nil, invalidOptions("address %q is not of the form host:port, with a port from 1 to 65535; several are separated by commas", text)
			}
			address := serverAddress{text, host, port}
			if !slices.Contains(addresses, address) {
				addresses = append(addresses, address)
			}
		}
	}
	if len(addresses) == 0 {
		return nil, invalidOptions("there is no address")
	}
	return addresses, nil
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
