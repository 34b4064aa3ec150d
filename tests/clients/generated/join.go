// Joins with the client that buf makes from proto/, so that what it makes is compiled and called.
//
//	ROSTER_DEMO=… GO111MODULE=off GOPATH=… go run join.go
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	rosterv1 "roster/v1"
)

// Debian's grpc is older than what generated code stands on, so the messages are written here. With a grpc of
// today this is left out.
type codec struct{}

func (codec) Marshal(message interface{}) ([]byte, error) {
	return proto.Marshal(message.(proto.Message))
}

func (codec) Unmarshal(bytes []byte, message interface{}) error {
	return proto.Unmarshal(bytes, message.(proto.Message))
}

func (codec) Name() string { return "proto" }

// The reason of a refusal, as the contract names it.
func reason(err error) rosterv1.ErrorReason {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.Domain == "roster" {
			return rosterv1.ErrorReason(rosterv1.ErrorReason_value["ERROR_REASON_"+info.Reason])
		}
	}
	return rosterv1.ErrorReason_ERROR_REASON_UNSPECIFIED
}

func main() {
	var demo struct {
		Grpc   string            `json:"grpc"`
		Tokens map[string]string `json:"tokens"`
	}
	if err := json.Unmarshal([]byte(os.Getenv("ROSTER_DEMO")), &demo); err != nil {
		log.Fatal(err)
	}
	connection, err := grpc.Dial(demo.Grpc, grpc.WithInsecure(), grpc.WithDefaultCallOptions(grpc.ForceCodec(codec{})))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	members := rosterv1.NewMembershipServiceClient(connection)
	caller, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	caller = metadata.AppendToOutgoingContext(caller, "authorization", "Bearer "+demo.Tokens["23"])
	joined, err := members.JoinOrAcceptInvite(caller, &rosterv1.JoinOrAcceptInviteRequest{Space: "courses/1"})
	if err != nil {
		log.Fatal(err)
	}
	if joined.Membership.Status != rosterv1.MembershipStatus_MEMBERSHIP_STATUS_MEMBER {
		log.Fatalf("joined as %v", joined.Membership.Status)
	}
	_, err = members.JoinOrAcceptInvite(caller, &rosterv1.JoinOrAcceptInviteRequest{Space: "courses/3"})
	if status.Code(err) != codes.NotFound || reason(err) != rosterv1.ErrorReason_ERROR_REASON_SPACE_NOT_FOUND {
		log.Fatalf("a secret course was joined: %v", err)
	}
	fmt.Println("generated: go: ok")
}
