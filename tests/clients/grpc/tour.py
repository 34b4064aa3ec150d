"""Walks the tour with Python's gRPC, over stubs that the server's reflection describes.

What the tour is, and what its lines mean, stands in ../tour/tour.js.
"""

import json
import os
import re
from pathlib import Path

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from reflected import SECONDS, reflection

HERE = Path(__file__).parent
NUMBER = 0
FIRST = 700000000 + NUMBER * 10
IDS = {
    "open": str(FIRST + 1),
    "private": str(FIRST + 2),
    "secret": str(FIRST + 3),
    "none": str(FIRST + 4),
    "community": f"{FIRST + 5:032x}",
}


def canonical(value, key=""):
    """With sorted keys, and without what differs from one run to the next."""
    if re.fullmatch("time|.*Time", key):
        return "TIME"
    if key == "nextPageToken":
        return "TOKEN"
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, dict):
        return {name: canonical(value[name], name) for name in sorted(value)}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def refused(error):
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return {
        "code": error.code().name,
        "fields": [[one.field, one.description] for one in bad.field_violations],
        "message": error.details(),
        "metadata": dict(info.metadata),
        "reason": f"{info.domain}/{info.reason}",
    }


def call(channel, pool, demo, step):
    service, name = step["call"].split("/")
    method = pool.FindServiceByName(f"roster.v1.{service}").methods_by_name[name]
    request = ParseDict(step["send"], GetMessageClass(method.input_type)())
    ask = channel.unary_unary(
        f"/roster.v1.{step['call']}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    token = (demo["tokens"] | {"admin": demo["admin_token"]}).get(step["as"])
    metadata = [("authorization", f"Bearer {token}")] if token else []
    if "behalf" in step:
        metadata.append(("x-roster-on-behalf-of", step["behalf"]))
    try:
        return {"answer": MessageToDict(ask(request, metadata=metadata, timeout=SECONDS))}
    except grpc.RpcError as error:
        return refused(error)


def walk(demo, steps, expected):
    own = IDS
    following = ""
    with grpc.insecure_channel(demo["grpc"]) as channel:
        pool = DescriptorPool(reflection(channel, "v1"))
        for index, text in enumerate(steps):
            words = own | {"next": following}
            filled = re.sub(r"\{(\w+)\}", lambda found: words[found[1]], text)
            step = json.loads(filled)
            outcome = call(channel, pool, demo, step)
            answer = outcome.get("answer", {})
            following = answer.get("nextPageToken", following)
            if "spaces" in answer:
                mine = [one for one in answer["spaces"] if one["space"]["name"].endswith(own["private"])]
                answer["spaces"] = mine
            line = json.dumps(canonical(outcome), ensure_ascii=False, separators=(",", ":"))
            for word, number in own.items():
                line = line.replace(number, "{" + word + "}")
            line = f"{step['call']} {line}"
            if line != expected[index]:
                raise SystemExit(
                    f"call {index + 1}\n  came to  {line}\n  and not  {expected[index]}"
                )
    print(f"tour: Python's gRPC over reflection: {len(steps)} calls came to the same")


if __name__ == "__main__":
    walk(
        json.loads(os.environ["ROSTER_DEMO"]),
        (HERE / "../tour/tour.jsonl").read_text().splitlines(),
        (HERE / "../../golden/tour.txt").read_text().splitlines(),
    )
