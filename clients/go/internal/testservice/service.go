// Package testservice starts a whole Rostrum for tests: PostgreSQL, Redis, certificates, and servers to
// be killed and started again. It runs scripts/clients/serve.ts of this checkout, which says more.
package testservice

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"rostrum.dev/go/rostrum"
)

// Service is a running service.
type Service struct {
	// Certificates is the directory that holds them.
	Certificates string
	// Address is that of the server "main".
	Address string

	command *exec.Cmd
	input   io.WriteCloser
	mu      sync.Mutex
	waiting map[int]chan answer
	latest  int
	ended   bool
}

type answer struct {
	OK    json.RawMessage `json:"ok"`
	Error *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// Main is the body of a TestMain: it starts the service, with its server "main", runs the tests, and
// ends it. It sets *service before the tests run, and the environment to connect to it as writer.
func Main(m *testing.M, service **Service) {
	started, err := Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "the service for the tests cannot be started:", err)
		os.Exit(1)
	}
	*service = started
	for name, value := range map[string]string{
		"ROSTRUM_ADDRESS":  started.Address,
		"ROSTRUM_TLS_CA":   started.File("ca.crt"),
		"ROSTRUM_TLS_CERT": started.File("writer.crt"),
		"ROSTRUM_TLS_KEY":  started.File("writer.key"),
	} {
		os.Setenv(name, value)
	}
	code := m.Run()
	if err := started.End(); err != nil {
		fmt.Fprintln(os.Stderr, "the service for the tests did not end in order:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Start starts a service and its server "main".
func Start() (*Service, error) {
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "../../../..")
	s := &Service{waiting: map[int]chan answer{}}
	s.command = exec.Command("node", filepath.Join(root, "scripts/bootstrap.mjs"), "scripts/clients/serve.ts")
	s.command.Stderr = os.Stderr
	var err error
	if s.input, err = s.command.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	go s.read(output)
	s.Address, s.Certificates, err = s.start("main", nil)
	return s, err
}

func (s *Service) read(output io.Reader) {
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var answer struct {
			ID int `json:"id"`
			answer
		}
		if line[0] != '{' || json.Unmarshal(line, &answer) != nil {
			os.Stderr.Write(line)
			continue
		}
		s.mu.Lock()
		s.waiting[answer.ID] <- answer.answer
		delete(s.waiting, answer.ID)
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for _, waiting := range s.waiting {
		close(waiting)
	}
}

// Ask makes one request; serve.ts says which there are. answer may be nil.
func (s *Service) Ask(request map[string]any, result any) error {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return errors.New("the service has ended")
	}
	s.latest++
	request["id"] = s.latest
	waiting := make(chan answer, 1)
	s.waiting[s.latest] = waiting
	line, err := json.Marshal(request)
	if err == nil {
		_, err = s.input.Write(append(line, '\n'))
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	answer, ok := <-waiting
	switch {
	case !ok:
		return errors.New("the service has ended")
	case answer.Error != nil:
		return errors.New(answer.Error.Message)
	case result == nil:
		return nil
	}
	return json.Unmarshal(answer.OK, result)
}

func (s *Service) start(server string, settings map[string]string) (address, certificates string, err error) {
	var result struct{ Address, Certificates string }
	err = s.Ask(map[string]any{"op": "start", "server": server, "settings": settings}, &result)
	return result.Address, result.Certificates, err
}

// StartServer starts a server, on the port that it had before, and returns its address.
func (s *Service) StartServer(t testing.TB, server string, settings map[string]string) string {
	t.Helper()
	address, _, err := s.start(server, settings)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// Kill kills a server by SIGKILL.
func (s *Service) Kill(t testing.TB, server string) {
	t.Helper()
	s.Do(t, map[string]any{"op": "kill", "server": server})
}

// Do makes one request and fails the test where that fails.
func (s *Service) Do(t testing.TB, request map[string]any) {
	t.Helper()
	if err := s.Ask(request, nil); err != nil {
		t.Fatal(err)
	}
}

// Query runs a statement on PostgreSQL.
func (s *Service) Query(t testing.TB, sql string, values ...any) []map[string]any {
	t.Helper()
	var result struct{ Rows []map[string]any }
	if err := s.Ask(map[string]any{"op": "query", "sql": sql, "values": values}, &result); err != nil {
		t.Fatal(err)
	}
	return result.Rows
}

// File is the path of a certificate or key.
func (s *Service) File(name string) string { return filepath.Join(s.Certificates, name) }

// Options connect with an identity to the server "main"; more options follow, and win.
func (s *Service) Options(identity string, more ...rostrum.Option) []rostrum.Option {
	return append([]rostrum.Option{
		rostrum.WithAddress(s.Address),
		rostrum.WithTLSFiles(s.File("ca.crt"), s.File(identity+".crt"), s.File(identity+".key")),
	}, more...)
}

// Connect connects with an identity; the client is closed when the test ends.
func (s *Service) Connect(t testing.TB, identity string, more ...rostrum.Option) *rostrum.Client {
	t.Helper()
	client, err := rostrum.Connect(s.Options(identity, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// End ends it.
func (s *Service) End() error {
	s.input.Close()
	return s.command.Wait()
}
