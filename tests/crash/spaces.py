"""Creates spaces over gRPC with the standard library alone: one call on one HTTP/2 connection.

REST cannot create spaces, and rows written by hand would tie these tests to the schema. A unary
answer that carries a message was a success, so no header of an answer has to be decoded.
"""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8
ACK, END_STREAM, END_HEADERS = 1, 1, 4
OPEN, ANYONE = 1, 1
PATIENCE_SECONDS = 30


def varint(number):
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def text_field(number, text):
    data = text.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def number_field(number, value):
    return varint(number << 3) + varint(value)


def create_request(name, creator):
    """A `roster.v1.CreateSpaceRequest`: an open space in which anyone contributes."""
    title = text_field(1, name) + text_field(2, f"Space {name}")
    return title + number_field(3, OPEN) + text_field(4, creator) + number_field(5, ANYONE)


def length(number):
    """A length in HPACK, with a prefix of seven bits."""
    return bytes([number]) if number < 0x7F else b"\x7f" + varint(number - 0x7F)


def header(name, value):
    """A literal header in HPACK, neither indexed nor compressed."""
    name, value = name.encode(), value.encode()
    return b"\x00" + length(len(name)) + name + length(len(value)) + value


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class Connection:
    """One HTTP/2 connection for unary gRPC calls, one after the other."""

    def __init__(self, address, token):
        self.token = token
        self.authority = address
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0))
        self.stream = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def receive(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise ConnectionError("the server closed the gRPC connection")
            data += more
        return data

    def read_frame(self):
        head = self.receive(9)
        size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
        return kind, flags, int.from_bytes(head[5:], "big"), self.receive(size)

    def call(self, method, message):
        """Whether the call was answered with a message, not with an error."""
        self.stream += 2
        fields = {":method": "POST", ":scheme": "http", ":path": method}
        fields |= {":authority": self.authority, "content-type": "application/grpc"}
        fields |= {"te": "trailers", "authorization": f"Bearer {self.token}"}
        head = b"".join(header(name, value) for name, value in fields.items())
        body = struct.pack(">BI", 0, len(message)) + message
        head_frame = frame(HEADERS, END_HEADERS, self.stream, head)
        self.socket.sendall(head_frame + frame(DATA, END_STREAM, self.stream, body))
        return self.answer()

    def answer(self):
        answered = False
        while True:
            kind, flags, stream, payload = self.read_frame()
            if kind in (SETTINGS, PING) and not flags & ACK:
                self.socket.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
            elif kind in (RESET, GOAWAY):
                raise ConnectionError("the server refused the gRPC call")
            elif kind == DATA and payload:
                answered = True
                grown = struct.pack(">I", len(payload))
                self.socket.sendall(frame(WINDOW, 0, 0, grown))
            if kind in (DATA, HEADERS) and stream == self.stream and flags & END_STREAM:
                return answered


def create_spaces(address, token, names, creator="1"):
    """Makes the named spaces; one that there is already is left as it is."""
    with Connection(address, token) as connection:
        for name in names:
            made = connection.call(
                "/roster.v1.SpaceService/CreateSpace", create_request(name, creator)
            )
            there = made or connection.call("/roster.v1.SpaceService/GetSpace", text_field(1, name))
            if not there:
                raise RuntimeError(f"{name} could not be created")
