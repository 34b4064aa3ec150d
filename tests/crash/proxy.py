"""A TCP proxy between a server and its database that can fall silent without a word."""

import contextlib
import socket
import threading

CHUNK = 1 << 16


class Link:
    """One connection through the proxy. While it is not flowing, nothing is read or passed on."""

    def __init__(self, near, target):
        self.near = near
        self.far = socket.create_connection(target, timeout=5)
        self.far.settimeout(None)
        for end in (self.near, self.far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.flowing = threading.Event()
        self.flowing.set()
        for source, sink in ((self.near, self.far), (self.far, self.near)):
            threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def pump(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self.flowing.wait()
                sink.sendall(data)
        self.flowing.wait()
        self.close()

    def close(self):
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Forwards connections to a target, which can be changed for those to come."""

    def __init__(self, target):
        self.target = target
        self.links = []
        self.open = threading.Event()
        self.open.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                threading.Thread(target=self.link, args=(near,), daemon=True).start()

    def link(self, near):
        self.open.wait()
        try:
            self.links.append(Link(near, self.target))
        except OSError:
            near.close()

    def freeze(self):
        """Those connected by now fall silent for good; new ones are forwarded."""
        for link in self.links:
            link.flowing.clear()

    def silence(self):
        """Everybody falls silent, also whoever connects."""
        self.open.clear()
        self.freeze()

    def speak(self):
        """What was held back goes on."""
        for link in self.links:
            link.flowing.set()
        self.open.set()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for link in self.links:
            link.flowing.set()
            link.close()
