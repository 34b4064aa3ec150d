"""Stubs made from nothing but what the server says about itself, and its refusals decoded."""

from typing import NamedTuple

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

SECONDS = 10


class _V1(grpc.StreamStreamClientInterceptor):
    """Sends reflection's requests to v1. The messages are the same; only the service moved."""

    def intercept_stream_stream(self, continuation, details, requests):
        method = details.method.replace("grpc.reflection.v1alpha.", "grpc.reflection.v1.")
        return continuation(details._replace(method=method), requests)


def reflection(channel, version):
    """The server's descriptors through reflection `v1` or `v1alpha`."""
    if version == "v1":
        channel = grpc.intercept_channel(channel, _V1())
    return ProtoReflectionDescriptorDatabase(channel)


class Stub:
    """Every call of one service, by name: `stub("GetSpace", token, name="courses/1")`."""

    def __init__(self, channel, pool: DescriptorPool, service):
        self._channel = channel
        self._methods = pool.FindServiceByName(service).methods_by_name
        self._path = f"/{service}/"

    def __call__(self, method, token=None, metadata=(), /, **fields):
        descriptor = self._methods[method]
        request = GetMessageClass(descriptor.input_type)(**fields)
        call = self._channel.unary_unary(
            self._path + method,
            request_serializer=type(request).SerializeToString,
            response_deserializer=GetMessageClass(descriptor.output_type).FromString,
        )
        own = [("authorization", f"Bearer {token}")] if token else []
        return call(request, metadata=own + list(metadata), timeout=SECONDS)


class Refusal(NamedTuple):
    """What a caller's program reads of an error."""

    code: str
    reason: str
    metadata: dict
    fields: list
    message: str


def refusal(error: grpc.RpcError) -> Refusal:
    """Decodes `grpc-status-details-bin`, which must agree with the plain status."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    assert status.code == error.code().value[0], status
    assert status.message == error.details(), status
    info = error_details_pb2.ErrorInfo()
    fields = []
    for detail in status.details:
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            fields = [violation.field for violation in bad.field_violations]
        detail.Unpack(info)
    assert info.domain == "roster", status
    return Refusal(error.code().name, info.reason, dict(info.metadata), fields, error.details())
