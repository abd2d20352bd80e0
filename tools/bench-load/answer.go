package main

import "google.golang.org/protobuf/encoding/protowire"

// Field 1 with a nested message: of the answers to submissions, and of a ScoreItem: its result.
const firstMessage = 1<<3 | 2

// goodItems tells how many of the items of a BatchSubmitScoresResponse or a StreamScoresResponse are
// results: an item that was refused does not make the call fail.
func goodItems(answer []byte) int {
	good := 0
	for len(answer) > 0 && answer[0] == firstMessage {
		item, length := protowire.ConsumeBytes(answer[1:])
		if length < 0 {
			break
		}
		if len(item) > 0 && item[0] == firstMessage {
			good++
		}
		answer = answer[1+length:]
	}
	return good
}
