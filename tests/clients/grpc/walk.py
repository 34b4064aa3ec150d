"""Drives a running `roster demo` over gRPC with stubs built from server reflection alone.

Takes the JSON line of `roster demo --json` as its argument, or in ROSTER_DEMO.
"""

import json
import os
import sys
import unittest

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc

from reflected import SECONDS, Stub, refusal, reflection

MEMBERSHIPS = "roster.v1.MembershipService"
SPACES = "roster.v1.SpaceService"
PEOPLE = "roster.v1.PeopleService"
MODERATION = "roster.v1.ModerationService"
ERASURE = "roster.v1.ErasureService"
INVITE_LINKS = "roster.v1.InviteLinkService"
OURS = (MEMBERSHIPS, SPACES, PEOPLE, MODERATION, ERASURE, INVITE_LINKS)
PUBLIC = "d25506c2690f4b81b2050b9b90bda3b7"
UNKNOWN = "0123456789abcdef0123456789abcdef"

DEMO = {}


class Walk(unittest.TestCase):
    """A fresh connection for each class of questions."""

    @classmethod
    def setUpClass(cls):
        cls.channel = grpc.insecure_channel(DEMO["grpc"])
        cls.pool = DescriptorPool(reflection(cls.channel, "v1"))
        cls.calls = Stub(cls.channel, cls.pool, MEMBERSHIPS)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()

    def call(self, caller, method, /, metadata=(), **fields):
        tokens = DEMO["tokens"] | {"admin": DEMO["admin_token"], "None": None}
        token = tokens[str(caller)]
        return self.calls(method, token, metadata, **fields)

    def refused(self, code, reason, caller, method, /, **fields):
        with self.assertRaises(grpc.RpcError) as caught:
            self.call(caller, method, **fields)
        told = refusal(caught.exception)
        self.assertEqual((told.code, told.reason), (code, reason), told)
        reasons = self.pool.FindEnumTypeByName("roster.v1.ErrorReason").values_by_name
        self.assertIn(f"ERROR_REASON_{told.reason}", reasons)
        self.assertTrue(told.message)
        return told

    def word(self, enum, number, prefix):
        name = self.pool.FindEnumTypeByName(f"roster.v1.{enum}").values_by_number[number].name
        return name.removeprefix(prefix)

    def status(self, membership):
        return self.word("MembershipStatus", membership.status, "MEMBERSHIP_STATUS_")

    def outcome(self, result):
        word = self.word("MembershipOutcome", result.outcome, "MEMBERSHIP_OUTCOME_")
        return result.membership.user, word, self.status(result.membership)


class Reflection(Walk):
    def test_both_versions_tell_the_same(self):
        old = reflection(self.channel, "v1alpha")
        new = reflection(self.channel, "v1")
        for version in (old, new):
            # Each names itself, and not the other.
            told = {name for name in version.get_services() if "reflection" not in name}
            self.assertEqual(told, {*OURS, "grpc.health.v1.Health"})
        for service in OURS:
            self.assertEqual(
                old.FindFileContainingSymbol(service), new.FindFileContainingSymbol(service)
            )

    def test_an_unknown_symbol_is_not_found(self):
        # The protocol has a message for this; some servers end the stream instead.
        with self.assertRaises((KeyError, grpc.RpcError)):
            reflection(self.channel, "v1").FindFileContainingSymbol("roster.v1.Nothing")


class Health(Walk):
    def setUp(self):
        self.health = health_pb2_grpc.HealthStub(self.channel)

    def test_every_service_is_serving(self):
        for service in ("", *OURS):
            answer = self.health.Check(
                health_pb2.HealthCheckRequest(service=service), timeout=SECONDS
            )
            self.assertEqual(answer.status, health_pb2.HealthCheckResponse.SERVING, service)

    def test_check_of_an_unknown_service_fails(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.health.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=SECONDS)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_watch_begins_with_the_present(self):
        expected = {"": "SERVING", MEMBERSHIPS: "SERVING", "nobody": "SERVICE_UNKNOWN"}
        for service, status in expected.items():
            request = health_pb2.HealthCheckRequest(service=service)
            watch = self.health.Watch(request, timeout=SECONDS)
            told = health_pb2.HealthCheckResponse.ServingStatus.Name(next(watch).status)
            watch.cancel()
            self.assertEqual(told, status, service)


class JoinOrAcceptInvite(Walk):
    METHOD = "JoinOrAcceptInvite"

    def join(self, user, space):
        return self.call(user, self.METHOD, space=space)

    def leave(self, user, space):
        return self.call(user, "LeaveOrRemoveRequest", space=space)

    def test_an_open_space_is_joined_once(self):
        first = self.join(7, "courses/1")
        self.assertEqual((self.status(first.membership), first.changed), ("MEMBER", True))
        self.assertGreater(first.membership.join_time.seconds, 0)
        again = self.join(7, "courses/1")
        self.assertEqual((again.membership, again.changed), (first.membership, False))
        left = self.leave(7, "courses/1")
        self.assertEqual((self.status(left.membership), left.changed), ("ABSENT", True))
        self.assertFalse(self.leave(7, "courses/1").changed)

    def test_a_private_space_is_asked_for(self):
        self.assertEqual(self.status(self.join(7, "courses/2").membership), "REQUESTED")
        self.assertFalse(self.join(7, "courses/2").changed)
        self.assertEqual(self.status(self.leave(7, "courses/2").membership), "ABSENT")

    def test_an_invitation_opens_a_secret_space(self):
        joined = self.join(4, "courses/3")
        self.assertEqual(self.status(joined.membership), "MEMBER")
        self.leave(4, "courses/3")
        self.refused("NOT_FOUND", "SPACE_NOT_FOUND", 4, self.METHOD, space="courses/3")
        self.call(1, "InviteOrAcceptUsers", space="courses/3", users=["4"])

    def test_a_hidden_space_looks_like_none(self):
        unknown = self.refused("NOT_FOUND", "SPACE_NOT_FOUND", 7, self.METHOD, space="courses/999")
        for space in ("courses/3", "courses/4", "groups/3"):
            hidden = self.refused("NOT_FOUND", "SPACE_NOT_FOUND", 7, self.METHOD, space=space)
            self.assertEqual(hidden, unknown)

    def test_refusals(self):
        self.refused("PERMISSION_DENIED", "BLOCKED", 6, self.METHOD, space="courses/1")
        for space in ("", "courses", "courses/01", "planets/1", "communities/1"):
            told = self.refused("INVALID_ARGUMENT", "INVALID_FIELD", 7, self.METHOD, space=space)
            self.assertEqual(told.fields, ["space"])

    def test_tokens(self):
        self.refused("UNAUTHENTICATED", "TOKEN_MISSING", None, self.METHOD, space="courses/1")
        with self.assertRaises(grpc.RpcError) as caught:
            self.calls(self.METHOD, "not.a.token", space="courses/1")
        self.assertEqual(refusal(caught.exception).reason, "TOKEN_INVALID")

    def test_a_service_acts_for_a_user(self):
        behalf = [("x-roster-on-behalf-of", "8")]
        joined = self.call("admin", self.METHOD, metadata=behalf, space="groups/1")
        self.assertEqual((joined.membership.user, self.status(joined.membership)), ("8", "MEMBER"))
        self.leave(8, "groups/1")
        told = self.refused(
            "PERMISSION_DENIED", "SCOPE_MISSING", 7, self.METHOD, metadata=behalf, space="groups/1"
        )
        self.assertEqual(told.metadata, {"scope": "roster:admin"})
        told = self.refused(
            "INVALID_ARGUMENT", "INVALID_FIELD", "admin", self.METHOD, space="groups/1"
        )
        self.assertEqual(told.fields, ["x-roster-on-behalf-of"])


class LeaveOrRemoveRequest(Walk):
    METHOD = "LeaveOrRemoveRequest"

    def test_a_manager_rejects_a_request(self):
        rejected = self.call(2, self.METHOD, space="courses/2", user="5")
        self.assertEqual((self.status(rejected.membership), rejected.changed), ("ABSENT", True))
        self.assertFalse(self.call(2, self.METHOD, space="courses/2", user="5").changed)
        self.call(5, "JoinOrAcceptInvite", space="courses/2")

    def test_refusals(self):
        denied, failed = "PERMISSION_DENIED", "FAILED_PRECONDITION"
        self.refused(denied, "NOT_A_MANAGER", 3, self.METHOD, space="courses/1", user="4")
        self.refused(failed, "CREATOR_CANNOT_LEAVE", 1, self.METHOD, space="courses/1")
        self.refused(failed, "CREATOR_CANNOT_LEAVE", 2, self.METHOD, space="courses/1", user="1")
        self.refused("NOT_FOUND", "SPACE_NOT_FOUND", 7, self.METHOD, space="courses/3")
        self.refused("NOT_FOUND", "SPACE_NOT_FOUND", 7, self.METHOD, space="courses/3", user="4")
        told = self.refused(
            "INVALID_ARGUMENT", "INVALID_FIELD", 2, self.METHOD, space="courses/1", user="a b"
        )
        self.assertEqual(told.fields, ["user"])


class RemoveInvitations(Walk):
    METHOD = "RemoveInvitations"

    def test_only_invitations_are_taken_back(self):
        users = ["4", "3", "30", "4"]
        answer = self.call(2, self.METHOD, space="courses/1", users=users)
        self.assertEqual(
            [self.outcome(result) for result in answer.results],
            [
                ("4", "CHANGED", "ABSENT"),
                ("3", "UNCHANGED", "MEMBER"),
                ("30", "UNCHANGED", "ABSENT"),
            ],
        )
        back = self.call(1, "InviteOrAcceptUsers", space="courses/1", users=["4", "6"])
        self.assertEqual(
            [self.outcome(result) for result in back.results],
            [("4", "CHANGED", "INVITED"), ("6", "BLOCKED", "BLOCKED")],
        )
        self.assertEqual(back.results[0].membership.invited_by, "1")

    def test_refusals(self):
        space, bad = "courses/1", "INVALID_ARGUMENT"
        denied = self.refused(
            "PERMISSION_DENIED", "NOT_A_MANAGER", 3, self.METHOD, space=space, users=["4"]
        )
        self.assertEqual(denied.fields, [])
        told = self.refused(bad, "INVALID_FIELD", 2, self.METHOD, space=space)
        self.assertEqual(told.fields, ["users"])
        many = [str(user) for user in range(1001)]
        told = self.refused(bad, "TOO_MANY_USERS", 2, self.METHOD, space=space, users=many)
        self.assertEqual((told.fields, told.metadata), (["users"], {"limit": "1000"}))
        self.refused(
            "NOT_FOUND", "SPACE_NOT_FOUND", 7, self.METHOD, space="courses/3", users=["4"]
        )


class LeaveCommunity(Walk):
    METHOD = "LeaveCommunity"

    def test_a_member_leaves_and_comes_back(self):
        left = self.call(3, self.METHOD, community_id=PUBLIC)
        self.assertEqual(self.status(left.membership), "ABSENT")
        self.assertEqual(left.membership.space, f"communities/{PUBLIC}")
        self.assertEqual(self.word("Privacy", left.privacy, "PRIVACY_"), "OPEN")
        again = self.call(3, self.METHOD, community_id=PUBLIC)
        self.assertEqual(self.status(again.membership), "ABSENT")
        back = self.call(3, "JoinCommunity", community_id=PUBLIC)
        self.assertEqual(self.status(back.membership), "MEMBER")
        self.assertGreater(back.membership.version, left.membership.version)

    def test_refusals(self):
        failed, bad = "FAILED_PRECONDITION", "INVALID_ARGUMENT"
        self.refused(failed, "CREATOR_CANNOT_LEAVE", 1, self.METHOD, community_id=PUBLIC)
        self.refused("NOT_FOUND", "SPACE_NOT_FOUND", 3, self.METHOD, community_id=UNKNOWN)
        for name in ("", "1", PUBLIC.upper()):
            told = self.refused(bad, "INVALID_FIELD", 3, self.METHOD, community_id=name)
            self.assertEqual(told.fields, ["community_id"])


if __name__ == "__main__":
    given = sys.argv.pop(1) if len(sys.argv) > 1 else os.environ["ROSTER_DEMO"]
    DEMO.update(json.loads(given))
    unittest.main(verbosity=2)
