"""Joins with the messages that buf makes from proto/, so that what it makes is loaded and sent.

    ROSTER_DEMO=... PYTHONPATH=GENERATED python join.py
"""

import json
import os

import grpc
from roster.v1 import error_reason_pb2, membership_pb2, membership_service_pb2, space_service_pb2

JOIN = "/roster.v1.MembershipService/JoinOrAcceptInvite"


def main():
    demo = json.loads(os.environ["ROSTER_DEMO"])
    request = membership_service_pb2.JoinOrAcceptInviteRequest(space="courses/1")
    with grpc.insecure_channel(demo["grpc"]) as channel:
        join = channel.unary_unary(
            JOIN,
            request_serializer=membership_service_pb2.JoinOrAcceptInviteRequest.SerializeToString,
            response_deserializer=membership_service_pb2.JoinOrAcceptInviteResponse.FromString,
        )
        token = demo["tokens"]["22"]
        answer = join(request, metadata=[("authorization", f"Bearer {token}")], timeout=10)
    assert answer.membership.status == membership_pb2.MEMBERSHIP_STATUS_MEMBER, answer
    assert error_reason_pb2.ErrorReason.Name(17) == "ERROR_REASON_SPACE_FULL"
    assert "CreateSpace" in space_service_pb2.DESCRIPTOR.services_by_name["SpaceService"].methods_by_name
    print("generated: python: ok")


main()
