package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
)

const (
	host             = "127.0.0.1"
	connectPatience  = 10 * time.Second
	responseMaxBytes = 64 << 20
)

// load holds the connections over which all calls are made.
type load struct {
	ports       map[string]int
	credentials map[string]credentials.TransportCredentials
	connections map[string][]*grpc.ClientConn
	players     int
	submission  atomic.Int64
}

// connect opens all connections and waits until they are there.
func connect(m *message) (*load, error) {
	authority, err := os.ReadFile(filepath.Join(m.Certificates, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s has no certificate in ca.crt", m.Certificates)
	}
	certificate, err := tls.LoadX509KeyPair(
		filepath.Join(m.Certificates, "admin.crt"), filepath.Join(m.Certificates, "admin.key"))
	if err != nil {
		return nil, err
	}
	of := map[string]credentials.TransportCredentials{
		"tls": credentials.NewTLS(&tls.Config{
			RootCAs: roots, Certificates: []tls.Certificate{certificate}, ServerName: "localhost",
		}),
		"plaintext": insecure.NewCredentials(),
	}
	l := &load{
		ports: m.Ports, credentials: of,
		connections: map[string][]*grpc.ClientConn{}, players: m.Players,
	}
	l.submission.Store(m.FirstSubmission)
	for transport := range m.Ports {
		for range m.Connections {
			connection, err := l.open(transport)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", transport, err)
			}
			l.connections[transport] = append(l.connections[transport], connection)
		}
	}
	return l, nil
}

func (l *load) open(transport string) (*grpc.ClientConn, error) {
	address := net.JoinHostPort(host, strconv.Itoa(l.ports[transport]))
	connection, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(l.credentials[transport]),
		grpc.WithDefaultCallOptions(
			grpc.ForceCodecV2(bytesCodec{}), grpc.MaxCallRecvMsgSize(responseMaxBytes)))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectPatience)
	defer cancel()
	connection.Connect()
	for state := connection.GetState(); state != connectivity.Ready; state = connection.GetState() {
		if !connection.WaitForStateChange(ctx, state) {
			return nil, fmt.Errorf("no connection to %s: %s", address, state)
		}
	}
	return connection, nil
}

// call makes one call as the template has it.
func (l *load) call(t *template) ([]byte, error) {
	var answer []byte
	err := l.connections["tls"][0].Invoke(context.Background(), t.Path, t.Message, &answer)
	return answer, err
}

// bytesCodec takes messages that are bytes already: []byte to send, *[]byte to receive.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(value any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(value.([]byte))}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, value any) error {
	*value.(*[]byte) = data.Materialize()
	return nil
}
