"""Listens between the API and PostgreSQL and writes down what the API executes.

So the SQL that pgbench runs is the API's own, statement by statement and round trip by round trip, whatever a later
change makes of it: nothing is copied by hand.
"""

import socket
import struct
import threading
from pathlib import Path

TYPES = {16: "bool", 17: "bytea", 20: "int8", 21: "int2", 23: "int4", 25: "text", 701: "float8", 1184: "timestamptz",
         2950: "uuid", 3802: "jsonb", 1000: "bool[]", 1001: "bytea[]", 1005: "int2[]", 1007: "int4[]", 1016: "int8[]",
         1009: "text[]", 1022: "float8[]", 1185: "timestamptz[]", 2951: "uuid[]", 3807: "jsonb[]"}
ELEMENTS = {1000: 16, 1001: 17, 1005: 21, 1007: 23, 1016: 20, 1009: 25, 1022: 701, 2951: 2950, 3807: 3802}


def value_text(oid, raw):
    """A parameter sent in binary, as the text that PostgreSQL reads back to the same value."""
    if oid in (20, 21, 23):
        return str(int.from_bytes(raw, "big", signed=True))
    if oid == 16:
        return "t" if raw[0] else "f"
    if oid == 17:
        return "\\x" + raw.hex()
    if oid == 2950:
        text = raw.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    if oid == 3802:
        return raw[1:].decode()
    if oid == 701:
        return repr(struct.unpack("!d", raw)[0])
    if oid in ELEMENTS:
        return array_text(ELEMENTS[oid], raw)
    if oid in (0, 25):
        return raw.decode()
    raise ValueError(f"a binary parameter of type {oid} is new to this recorder")


def array_text(element, raw):
    dimensions, = struct.unpack_from("!i", raw)
    if dimensions == 0:
        return "{}"
    count, = struct.unpack_from("!i", raw, 12)
    place, parts = 20, []
    for _ in range(count):
        length, = struct.unpack_from("!i", raw, place)
        place += 4
        if length < 0:
            parts.append("NULL")
            continue
        text = value_text(element, raw[place:place + length])
        parts.append('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
        place += length
    return "{" + ",".join(parts) + "}"


class Statement:
    """One execution: the text with $1, $2 …, and each parameter as (type name or None, text or None)."""

    def __init__(self, text, parameters):
        self.text = text
        self.parameters = parameters


class Reader:
    """The messages of one connection, from the client's side."""

    def __init__(self, record):
        self.record = record
        self.rest = b""
        self.is_started = False
        self.prepared = {}
        self.trip = []

    def feed(self, data):
        self.rest += data
        while True:
            head = 1 if self.is_started else 0
            if len(self.rest) < head + 4:
                return
            length, = struct.unpack_from("!i", self.rest, head)
            if len(self.rest) < head + length:
                return
            kind, body = self.rest[:head], self.rest[head + 4:head + length]
            self.rest = self.rest[head + length:]
            if not self.is_started:
                # A request for encryption (80877103, 80877104) precedes the start-up message.
                self.is_started = struct.unpack_from("!i", body)[0] == 196608
            else:
                self.take(kind, body)

    def take(self, kind, body):
        if kind == b"P":
            name, text, rest = body.split(b"\0", 2)
            count, = struct.unpack_from("!h", rest)
            self.prepared[name] = (text.decode(), struct.unpack_from(f"!{count}I", rest, 2))
        elif kind == b"B":
            _, name, rest = body.split(b"\0", 2)
            text, types = self.prepared[name]
            self.trip.append(Statement(text, self.parameters(types, rest)))
        elif kind == b"S":
            if self.trip:
                self.record(self.trip)
            self.trip = []

    @staticmethod
    def parameters(types, rest):
        count, = struct.unpack_from("!h", rest)
        formats = struct.unpack_from(f"!{count}h", rest, 2)
        place = 2 + 2 * count
        count, = struct.unpack_from("!h", rest, place)
        place += 2
        found = []
        for index in range(count):
            length, = struct.unpack_from("!i", rest, place)
            place += 4
            oid = types[index] if index < len(types) else 0
            is_binary = formats[index if len(formats) > 1 else 0] == 1 if formats else False
            if length < 0:
                found.append((TYPES.get(oid), None))
                continue
            raw = rest[place:place + length]
            place += length
            found.append((TYPES.get(oid), value_text(oid, raw) if is_binary else raw.decode()))
        return found


class Recorder:
    """A Unix socket in `directory` that leads to PostgreSQL's in `target`."""

    def __init__(self, directory, target):
        self.directory = Path(directory)
        self.target = f"{target}/.s.PGSQL.5432"
        self.trips = []
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.path = self.directory / ".s.PGSQL.5432"
        self.path.unlink(missing_ok=True)
        self.listener.bind(str(self.path))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def take(self):
        """The round trips since the last call, in order, without the client's own upkeep."""
        with self.lock:
            trips, self.trips = self.trips, []
        return [trip for trip in trips if not all(one.text.startswith("DEALLOCATE") for one in trip)]

    def close(self):
        self.listener.close()
        self.path.unlink(missing_ok=True)

    def _record(self, trip):
        with self.lock:
            self.trips.append(trip)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            reader = Reader(self._record)
            threading.Thread(target=self._pump, args=(client, server, reader.feed), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, lambda data: None), daemon=True).start()

    @staticmethod
    def _pump(source, sink, see):
        try:
            while data := source.recv(65536):
                see(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
