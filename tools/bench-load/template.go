package main

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync/atomic"
)

// template is a request with the places where each call writes what differs; see
// scripts/bench/requests.ts, which makes it.
type template struct {
	Path string `json:"path"`
	// Message in Protobuf, without a frame.
	Message []byte `json:"message"`
	// How many submissions, or calls, one message counts as.
	Weight   int  `json:"weight"`
	Streamed bool `json:"streamed"`
	// Where the digits of player ids, scores (little-endian doubles) and the digits of submission
	// ids begin.
	Players     []int `json:"playersAt"`
	Scores      []int `json:"scoresAt"`
	Submissions []int `json:"submissionsAt"`

	PlayerDigits     int `json:"playerDigits"`
	SubmissionDigits int `json:"submissionDigits"`
	ScoreLimit       int `json:"scoreLimit"`
}

// requests makes the requests of one caller.
type requests struct {
	template   *template
	players    int
	submission *atomic.Int64
}

// write makes the next request in message, which has the length of the template's.
func (r *requests) write(message []byte) {
	t := r.template
	for _, at := range t.Players {
		writeDigits(message[at:at+t.PlayerDigits], rand.Int64N(int64(r.players)))
	}
	for _, at := range t.Scores {
		score := float64(rand.IntN(t.ScoreLimit))
		binary.LittleEndian.PutUint64(message[at:], math.Float64bits(score))
	}
	for _, at := range t.Submissions {
		writeDigits(message[at:at+t.SubmissionDigits], r.submission.Add(1))
	}
}

func writeDigits(into []byte, value int64) {
	for at := len(into) - 1; at >= 0; at-- {
		into[at] = byte('0' + value%10)
		value /= 10
	}
}
