package main

import (
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/context/attribute_context"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// useGoogleLibrary uses what other clients of Google's services bring into a process: had this client
// generated google/rpc too, the process would have ended at its start.
func useGoogleLibrary() error {
	given := &errdetails.ErrorInfo{Reason: code.Code_NOT_FOUND.String(), Domain: "example.com"}
	packed, err := anypb.New(given)
	if err != nil {
		return err
	}
	read, err := packed.UnmarshalNew()
	if err != nil {
		return err
	}
	if !proto.Equal(read, given) || (&attribute_context.AttributeContext{}).GetRequest() != nil {
		return fmt.Errorf("%v was read as %v", given, read)
	}
	return nil
}
