package rostrum

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/resolver"
)

const (
	resolverScheme = "rostrum"
	// Names are looked up again after so long, for servers that come and go without a connection
	// being lost.
	lookUpEvery = 30 * time.Second
	// And not more often than this, however many connections are lost.
	lookUpAtMostEvery = time.Second
)

// resolverBuilder tells gRPC where the servers are, each with the name to check its certificate
// against: the one that it was given by.
type resolverBuilder struct{ addresses []serverAddress }

func (b *resolverBuilder) Scheme() string { return resolverScheme }

func (b *resolverBuilder) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &addressResolver{addresses: b.addresses, cc: cc, cancel: cancel, again: make(chan struct{}, 1)}
	r.running.Go(func() { r.run(ctx) })
	return r, nil
}

type addressResolver struct {
	addresses []serverAddress
	cc        resolver.ClientConn
	cancel    context.CancelFunc
	again     chan struct{}
	running   sync.WaitGroup
}

func (r *addressResolver) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case r.again <- struct{}{}:
	default:
	}
}

func (r *addressResolver) Close() {
	r.cancel()
	r.running.Wait()
}

func (r *addressResolver) run(ctx context.Context) {
	names := slices.ContainsFunc(r.addresses, func(a serverAddress) bool { return !isIP(a.host) })
	for {
		wait := lookUpEvery
		if !r.lookUp(ctx) {
			wait = 0
		}
		if !names || !pause(ctx, lookUpAtMostEvery, nil) || !pause(ctx, wait, r.again) {
			return
		}
	}
}

// pause waits so long, or until it is told to look again; false when the context has ended.
func pause(ctx context.Context, period time.Duration, again <-chan struct{}) bool {
	timer := time.NewTimer(period)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-again:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// lookUp tells gRPC what the names stand for now; false where that is nothing.
func (r *addressResolver) lookUp(ctx context.Context) (found bool) {
	var state resolver.State
	var failure error
	known := map[string]bool{}
	for _, address := range r.addresses {
		ips := []string{address.host}
		if !isIP(address.host) {
			found, err := net.DefaultResolver.LookupHost(ctx, address.host)
			if err != nil {
				failure = err
				continue
			}
			ips = found
		}
		for _, pair := range inPairs(ips) {
			var endpoint resolver.Endpoint
			for _, ip := range pair {
				target := net.JoinHostPort(ip, address.port)
				if !known[target] {
					known[target] = true
					endpoint.Addresses = append(endpoint.Addresses, resolver.Address{Addr: target, ServerName: address.text})
				}
			}
			if len(endpoint.Addresses) > 0 {
				state.Endpoints = append(state.Endpoints, endpoint)
			}
		}
	}
	switch {
	case ctx.Err() != nil:
		return false
	case len(state.Endpoints) == 0:
		r.cc.ReportError(failure)
		return false
	}
	return r.cc.UpdateState(state) == nil
}

// inPairs makes one server of an IPv4 and an IPv6 address: the first that answers is used.
func inPairs(ips []string) [][]string {
	isV6 := func(ip string) bool { return strings.Contains(ip, ":") }
	var first, others []string
	for _, ip := range ips {
		if isV6(ip) == isV6(ips[0]) {
			first = append(first, ip)
		} else {
			others = append(others, ip)
		}
	}
	slices.Sort(first)
	slices.Sort(others)
	var pairs [][]string
	for i := range max(len(first), len(others)) {
		var pair []string
		if i < len(first) {
			pair = append(pair, first[i])
		}
		if i < len(others) {
			pair = append(pair, others[i])
		}
		pairs = append(pairs, pair)
	}
	return pairs
}
