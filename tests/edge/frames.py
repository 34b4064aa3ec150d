"""HTTP/2 as plain bytes, for what no library would send."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, WINDOW_UPDATE = 0, 1, 4, 8
END_HEADERS = 4
ACK = 1
INITIAL_WINDOW_SIZE = 4
HEAD = 9


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def text(value):
    """A text of fewer than 127 bytes, without compression."""
    return bytes([len(value)]) + value


def headers(stream, pairs):
    """All of a request's headers, none of them compressed."""
    block = b"".join(b"\0" + text(name.encode()) + text(value.encode()) for name, value in pairs)
    return frame(HEADERS, END_HEADERS, stream, block)


class Connection:
    """A connection on which anything can be sent, as far as the server's windows allow."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0))
        self.socket.setblocking(False)
        self.heard = b""
        self.window = 65_535
        self.stream_window = 65_535
        self.is_open = True

    def listen(self):
        """Takes note of the windows that the server opens."""
        while True:
            try:
                new = self.socket.recv(1 << 20)
            except BlockingIOError:
                break
            except OSError:
                new = b""
            if not new:
                self.is_open = False
                return
            self.heard += new
        while len(self.heard) >= HEAD:
            length = int.from_bytes(self.heard[:3], "big")
            if len(self.heard) < HEAD + length:
                return
            kind, flags, stream = struct.unpack(">BBI", self.heard[3:HEAD])
            self.take(kind, flags, stream, self.heard[HEAD : HEAD + length])
            self.heard = self.heard[HEAD + length :]

    def take(self, kind, flags, stream, payload):
        if kind == WINDOW_UPDATE and stream == 0:
            self.window += struct.unpack(">I", payload)[0]
        elif kind == SETTINGS and not flags & ACK:
            for start in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[start : start + 6])
                if name == INITIAL_WINDOW_SIZE:
                    self.stream_window = value
            self.send(frame(SETTINGS, ACK, 0))

    def send(self, data):
        """Sends all of it, however slowly the server reads."""
        self.socket.setblocking(True)
        try:
            self.socket.sendall(data)
        except OSError:
            self.is_open = False
        finally:
            self.socket.setblocking(False)
