// Command bench-load makes the load of "npm run bench -- --client go" with grpc-go, as game servers
// written in a compiled language would. The benchmark starts it and speaks to it over the channel that
// Node gives its children: one JSON message a line, see scripts/bench/messages.ts.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
)

// A message from the benchmark; Kind tells which of the fields it has.
type message struct {
	Kind string `json:"kind"`

	// connect
	Ports           map[string]int `json:"ports"`
	Certificates    string         `json:"certificates"`
	Connections     int            `json:"connections"`
	Players         int            `json:"players"`
	FirstSubmission int64          `json:"firstSubmission"`

	// run
	Transport    string   `json:"transport"`
	Callers      int      `json:"callers"`
	StreamWindow int      `json:"streamWindow"`
	WarmUpMs     float64  `json:"warmUpMs"`
	MeasureMs    float64  `json:"measureMs"`
	Rate         *float64 `json:"rate"`

	// run, probe, watch and change
	Template *template `json:"template"`

	// watch
	Watches int `json:"watches"`
}

type parent struct {
	mutex   sync.Mutex
	channel io.Writer
}

func (p *parent) tell(message any) {
	line, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if _, err := p.channel.Write(append(line, '\n')); err != nil {
		os.Exit(1) // the benchmark is gone
	}
}

func main() {
	fd, err := strconv.Atoi(os.Getenv("NODE_CHANNEL_FD"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-load is started by npm run bench -- --client go")
		os.Exit(2)
	}
	channel := os.NewFile(uintptr(fd), "the benchmark")
	bench := &parent{channel: channel}
	if err := serve(channel, bench); err != nil && !errors.Is(err, io.EOF) {
		bench.tell(map[string]any{"kind": "failed", "message": err.Error()})
		os.Exit(1)
	}
}

// serve does what it is told, one thing after the other, until the benchmark is gone.
func serve(channel io.Reader, bench *parent) error {
	lines := bufio.NewReader(channel)
	var load *load
	var watching *watching
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			return err
		}
		if m.Kind != "connect" && load == nil {
			return fmt.Errorf("%s: not connected", m.Kind)
		}
		switch m.Kind {
		case "connect":
			load, err = connect(&m)
			if err == nil {
				bench.tell(map[string]any{"kind": "connected"})
			}
		case "run":
			var result map[string]any
			result, err = load.run(&m, func(moment string) {
				bench.tell(map[string]any{"kind": moment})
			})
			if err == nil {
				bench.tell(result)
			}
		case "probe":
			var answer []byte
			answer, err = load.call(m.Template)
			if err == nil {
				bench.tell(map[string]any{"kind": "probed", "answer": answer})
			}
		case "watch":
			watching, err = load.watch(&m)
			if err == nil {
				bench.tell(map[string]any{"kind": "watching"})
			}
		case "change":
			var heard map[string]any
			heard, err = watching.change(m.Template)
			if err == nil {
				bench.tell(heard)
			}
		default:
			err = fmt.Errorf("%q is no message for the load", m.Kind)
		}
		if err != nil {
			return err
		}
	}
}
