"""A client of Constat's offline sync that is not the Swift SDK: Python's standard library and docs/sync.md, nothing else.

It keeps one SQLite file, as a phone would, and each call of the program is one start of the app:

    sync_client.py FILE enrol SERVER EMAIL PASSWORD
    sync_client.py FILE sync                              push, pull; prints how it ended
    sync_client.py FILE compare                           the same, then the digest
    sync_client.py FILE create MISSION TYPE ID FIELDS     FIELDS in JSON; prints the sequence
    sync_client.py FILE set MISSION TYPE ID FIELDS
    sync_client.py FILE delete MISSION TYPE ID
    sync_client.py FILE state                             what it holds and shows, in JSON

Files and live events are left out.
"""

import gzip
import hashlib
import http.client
import json
import sqlite3
import sys
import time
from urllib.parse import urlsplit

SCHEMA = 2
PAGE = 500
BATCH = 500
JOURNAL_DAYS = 30

NOTES = {
    ("dossier", "access_comment"),
    ("dossier", "notes"),
    ("appointment", "comment"),
    ("outbuilding", "comment"),
    ("mission_order", "field_note"),
    ("building", "comment"),
    ("module", "comment"),
}
LISTS = {("contact", "additional_emails")}

ROLES = ["requester", "prescriber", "owner", "occupant", "buyer", "payer", "notary", "managing_agent"]
LINKS = [("dossier", f"{role}_id", "contact") for role in ROLES] + [
    ("dossier_contact", "contact_id", "contact"),
    ("dossier", "building_id", "building"),
    ("dossier", "module_id", "module"),
]
SHARED = {"contact", "building", "module"}
ORGANIZATION = {"diagnostic_type"}
MISSION = {
    "appointment",
    "outbuilding",
    "dossier_diagnostic",
    "dossier_contact",
    "mission_order",
    "signature",
    "payment",
    "attachment",
    "sync_conflict",
    "field_proposal",
}
KNOWN = SHARED | ORGANIZATION | MISSION | {"dossier", "lead_analyser_booking"}


class Later(Exception):
    """No answer, or one that asks to come again."""


class EnrolAnew(Exception):
    """The server knows this device no more, or knows another under its name."""


class UpdateNeeded(Exception):
    """The server speaks no schema of this client's."""


class Revoked(Exception):
    def __init__(self, lmid):
        self.lmid = lmid


class Refused(Exception):
    """A fault of this client."""


class HTTP:
    """JSON over HTTP, packed both ways; no answer is `Later`."""

    def __init__(self, server):
        self.url = urlsplit(server)
        self.packed_requests = self.packed_answers = 0

    def __call__(self, path, body, token=None):
        kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = body.encode()
        if len(data) > 512:
            data = gzip.compress(data)
            headers["Content-Encoding"] = "gzip"
            self.packed_requests += 1
        connection = kind(self.url.netloc, timeout=60)
        try:
            connection.request("POST", path, data, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.headers.get("Content-Encoding") == "gzip":
                content = gzip.decompress(content)
                self.packed_answers += 1
            parsed = json.loads(content)
        except (OSError, http.client.HTTPException, EOFError, ValueError) as error:
            raise Later(str(error)) from error
        finally:
            connection.close()
        if not isinstance(parsed, dict) or (answer.status >= 400 and "code" not in parsed):
            raise Later("no Constat server")
        return answer.status, parsed


def same(left, right):
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def merged_list(base, mine, theirs):
    base, mine, theirs = base or [], mine or [], theirs or []
    kept = [item for item in theirs if not (item in base and item not in mine)]
    result = []
    for item in kept + [item for item in mine if item not in base]:
        if item not in result:
            result.append(item)
    return result


def merged_note(base, mine, theirs):
    parts = [text.split("\n---\n") if text else [] for text in (base, mine, theirs)]
    return "\n---\n".join(merged_list(*parts)) or None


def canonical(value):
    def plain(value):
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, dict):
            return {name: plain(member) for name, member in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value

    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class Client:
    def __init__(self, file, transport=None, synchronous="FULL"):
        self.db = sqlite3.connect(file, isolation_level=None)
        self.db.execute(f"PRAGMA synchronous = {synchronous}")
        self.db.executescript(
            """
            CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS row (type TEXT, id TEXT, event TEXT NOT NULL, PRIMARY KEY (type, id));
            CREATE TABLE IF NOT EXISTS staged (n INTEGER PRIMARY KEY, page TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, mutation TEXT NOT NULL,
              answer TEXT, epoch TEXT, answered_at REAL);
            CREATE TABLE IF NOT EXISTS inbox (n INTEGER PRIMARY KEY, seq INTEGER UNIQUE, item TEXT NOT NULL);
            """
        )
        self.transport = transport or HTTP(self.meta("server") or "")
        self.token = None
        self.clock = time.time

    # What is kept

    def meta(self, name):
        found = self.db.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()
        return json.loads(found[0]) if found else None

    def keep(self, **values):
        for name, value in values.items():
            self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, json.dumps(value)])

    def transaction(self):
        client = self

        class Transaction:
            def __enter__(self):
                client.db.execute("BEGIN IMMEDIATE")

            def __exit__(self, error, *_):
                client.db.execute("ROLLBACK" if error else "COMMIT")

        return Transaction()

    def rows(self):
        """The checkpoint's rows by (type, id): what the last put of each said, `extra` among the fields."""
        found = self.db.execute("SELECT type, id, event FROM row ORDER BY type, id")
        return {(type, id): json.loads(event) for type, id, event in found}

    def journal(self, where="1"):
        found = self.db.execute(f"SELECT seq, mutation, answer, epoch FROM journal WHERE {where} ORDER BY seq")
        return [
            (seq, text, json.loads(text), json.loads(answer) if answer else None, epoch)
            for seq, text, answer, epoch in found
        ]

    def unanswered(self):
        return self.journal("answer IS NULL")

    def tell(self, seq, item):
        self.db.execute("INSERT OR IGNORE INTO inbox (seq, item) VALUES (?, ?)", [seq, json.dumps(item)])

    # Enrolment

    def enrol(self, server, email, password, name="Python"):
        """Enrols, or enrols anew: then what the server does not hold is numbered from 1."""
        self.transport = HTTP(server)
        status, answer = self.transport(
            "/v1/auth/login", json.dumps({"email": email, "password": password})
        )
        if status != 200:
            raise Refused(answer)
        status, answer = self.transport(
            "/v1/devices", json.dumps({"name": name}), answer["access_token"]
        )
        if status != 201:
            raise Refused(answer)
        known = {answer["epoch"]: float("inf"), **answer.get("forks", {})}
        with self.transaction():
            unheld = [
                mutation
                for _, _, mutation, result, epoch in self.journal()
                if result is None or result["v"] > known.get(epoch, -1)
            ]
            self.forget()
            for seq, mutation in enumerate(unheld, 1):
                text = json.dumps({**mutation, "seq": seq}, ensure_ascii=False)
                self.db.execute("INSERT INTO journal (seq, mutation) VALUES (?, ?)", [seq, text])
            self.keep(
                server=server,
                device=answer["id"],
                technician=answer["technician_id"],
                secret=answer["secret"],
                next=len(unheld) + 1,
            )
        self.token = None

    def forget(self):
        for table in ("meta", "row", "staged", "journal"):
            self.db.execute(f"DELETE FROM {table}")
        self.db.execute("UPDATE inbox SET seq = NULL")

    # Requests

    def call(self, path, body):
        """The status and body of an answer that is one."""
        for attempt in range(2):
            if self.token is None:
                self.sign_in()
            status, answer = self.transport(path, body, self.token)
            if status != 401:
                break
            self.token = None
        code = answer.get("code")
        if status == 401:
            raise EnrolAnew(code)
        if status in (408, 429) or status >= 500 or code == "body-incomplete":
            raise Later(code)
        if code == "device-revoked":
            raise Revoked(answer["lmid"])
        if code == "device-forked":
            raise EnrolAnew(code)
        return status, answer

    def sign_in(self):
        device = self.meta("device")
        if device is None:
            raise EnrolAnew("not enrolled")
        body = json.dumps({"secret": self.meta("secret")})
        status, answer = self.transport(f"/v1/devices/{device}/token", body)
        if status in (401, 404):
            raise EnrolAnew(answer.get("code"))
        if status != 200:
            raise Later(answer.get("code"))
        self.token = answer["access_token"]

    def report(self):
        waiting = self.unanswered()
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock()))
        report = {"unsent_count": len(waiting), "clock": now}
        if waiting:
            milliseconds = int(waiting[0][2]["hlc"][:15])
            report["oldest_unsent_at"] = time.strftime(
                "%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds / 1000)
            )
        return report

    # A round of sync

    def sync(self):
        try:
            self.prune()
            while True:
                self.push()
                if not self.pull():
                    return
        except Revoked as revoked:
            with self.transaction():
                self.rewind(revoked.lmid)
            self.push()
            with self.transaction():
                self.forget()
                self.db.execute("DELETE FROM inbox")
            raise

    def push(self):
        most = BATCH
        while batch := self.batch(most):
            members = {"device": self.meta("device"), **self.report()}
            head = json.dumps(members)[:-1]
            body = head + ', "mutations": [' + ",".join(text for _, text, *_ in batch) + "]}"
            status, answer = self.call("/v1/sync/push", body)
            if status == 200:
                with self.transaction():
                    self.acknowledge(answer)
            elif answer["code"] == "sequence-gap":
                with self.transaction():
                    self.rewind(answer["lmid"])
            elif answer["code"] == "body-too-large" and len(batch) > 1:
                most = len(batch) // 2
            else:
                raise Refused(answer)

    def batch(self, most):
        """The oldest unanswered mutations; a group travels whole, even where it is more than was asked for."""
        waiting = self.unanswered()
        end = min(most, len(waiting))

        def group(index):
            return waiting[index][2].get("group", {}).get("id")

        if 0 < end < len(waiting) and group(end) and group(end) == group(end - 1):
            start = end
            while start > 0 and group(start - 1) == group(end):
                start -= 1
            if start > 0:
                return waiting[:start]
            while end < len(waiting) and group(end) == group(start):
                end += 1
        return waiting[:end]

    def acknowledge(self, answer):
        for result in answer["results"]:
            changed = self.db.execute(
                "UPDATE journal SET answer = ?, epoch = ?, answered_at = ? WHERE seq = ? AND answer IS NULL",
                [json.dumps(result), answer["epoch"], self.clock(), result["seq"]],
            )
            if not changed.rowcount:
                continue
            seq, status = result["seq"], result["status"]
            # What an earlier answer said is void.
            self.db.execute("DELETE FROM inbox WHERE seq = ?", [seq])
            if status == "rejected":
                self.tell(seq, {"seq": seq, "status": status, "code": result["error"]["code"]})
            elif status == "parked":
                self.tell(seq, {"seq": seq, "status": status, "reason": result["reason"]})

    def rewind(self, lmid):
        """Voids the answers above what the server has settled. True where there were any."""
        first = self.db.execute("SELECT min(seq) FROM journal").fetchone()[0] or self.meta("next")
        if first > lmid + 1 or lmid >= self.meta("next"):
            raise EnrolAnew("the journal is not the one that the server knows")
        changed = self.db.execute(
            "UPDATE journal SET answer = NULL, epoch = NULL, answered_at = NULL"
            " WHERE seq > ? AND answer IS NOT NULL",
            [lmid],
        )
        return changed.rowcount > 0

    def prune(self):
        """Forgets what was answered long ago; the journal stays without gap."""
        moment = self.clock() - JOURNAL_DAYS * 86400
        with self.transaction():
            self.db.execute(
                "DELETE FROM journal WHERE seq < (SELECT coalesce(min(seq), 1 << 62) FROM journal"
                " WHERE answered_at IS NULL OR answered_at >= ?)",
                [moment],
            )

    def pull(self):
        """Pages until the state is whole, then shows it. True where the server has settled less than was thought."""
        rewound = False
        while True:
            staged = self.db.execute("SELECT page FROM staged ORDER BY n DESC LIMIT 1").fetchone()
            cursor = json.loads(staged[0])["cursor"] if staged else self.meta("cursor")
            body = {"cursor": cursor, "limit": PAGE, "schema": SCHEMA, **self.report()}
            status, page = self.call("/v1/sync/pull", json.dumps(body))
            if status == 400 and page["code"] == "malformed-cursor" and cursor is not None:
                with self.transaction():
                    self.db.execute("DELETE FROM staged")
                    self.keep(cursor=None)
                continue
            if status == 426:
                raise UpdateNeeded(page["code"])
            if status != 200:
                raise Refused(page)
            with self.transaction():
                if page["reset"]:
                    self.db.execute("DELETE FROM staged")
                self.db.execute("INSERT INTO staged (page) VALUES (?)", [json.dumps(page)])
                if not page["more"]:
                    self.apply()
                rewound = self.rewind(page["lmid"]) or rewound
            if not page["more"]:
                return rewound

    def apply(self):
        pages = [json.loads(page) for (page,) in self.db.execute("SELECT page FROM staged ORDER BY n")]
        rows = {} if pages[0]["reset"] else self.rows()
        left = []
        for event in (event for page in pages for event in page["events"]):
            if event["op"] == "leave":
                if rows.pop(("dossier", event["mission"]), None):
                    left.append(event)
            elif event["op"] == "delete":
                rows.pop((event["type"], event["id"]), None)
            elif event["op"] == "put" and event["type"] in KNOWN:
                fields = {**event.get("extra", {}), **event["fields"]}
                rows[event["type"], event["id"]] = {
                    "v": event["v"],
                    "born": event["born"],
                    "fields": fields,
                    "fv": event.get("fv", {}),
                }
        kept = reached(rows)
        self.db.execute("DELETE FROM row")
        for (type, id), row in rows.items():
            if (type, id) in kept:
                self.db.execute("INSERT INTO row VALUES (?, ?, ?)", [type, id, json.dumps(row)])
        for event in left:
            if ("dossier", event["mission"]) not in rows:
                self.tell(None, {"left": event["mission"], "reason": event["reason"]})
        self.keep(epoch=pages[-1]["epoch"], v=pages[-1]["v"], cursor=pages[-1]["cursor"])
        self.db.execute("DELETE FROM staged")

    # The digest

    def compare(self):
        """Syncs, then compares; the types that differed, all rows received anew."""
        self.sync()
        differing = self.differing()
        if differing:
            with self.transaction():
                self.keep(cursor=None)
                self.tell(None, {"differed": differing})
            self.sync()
            self.differing()
        return differing

    def differing(self):
        while True:
            held = self.digest()
            body = {"cursor": self.meta("cursor"), "held": held}
            status, answer = self.call("/v1/sync/digest", json.dumps(body))
            if status != 200:
                raise Refused(answer)
            if answer["current"]:
                types = answer["types"]
                return sorted(type for type in held if type in types and held[type] != types[type])
            self.sync()

    def digest(self):
        rows = self.rows()
        parts = {}
        for type in sorted(KNOWN):
            lines = []
            for (_, id), row in sorted(item for item in rows.items() if item[0][0] == type):
                fields = {name: value for name, value in row["fields"].items() if value is not None}
                lines.append(canonical([type, id, row["v"], row["born"], fields, row["fv"]]) + b"\n")
            sha256 = hashlib.sha256(b"".join(lines)).hexdigest()
            parts[type] = {"rows": len(lines), "sha256": sha256}
        return parts

    # What the technician sees and does

    def shown(self):
        """Rows by (type, id): fields, and which of them are not yet the server's."""
        checkpoint = self.rows()
        epoch, version = self.meta("epoch"), self.meta("v")
        view = {key: (dict(row["fields"]), set()) for key, row in checkpoint.items()}
        journal = self.journal()
        own = {result["v"] for *_, result, of in journal if result and of == epoch}
        for _, _, mutation, result, of in journal:
            if result:
                if result["status"] in ("parked", "rejected"):
                    continue
                is_held = result["v"] <= version if of == epoch else mutation["base"]["epoch"] != epoch
                if is_held:
                    continue
            key = (mutation["type"], mutation["id"])
            if mutation["op"] == "delete":
                view.pop(key, None)
                continue
            if mutation["op"] == "create":
                view.setdefault(key, ({}, set()))
            if key not in view:
                continue
            fields, pending = view[key]
            for field, mine in mutation["set"].items():
                if same(fields.get(field), mine):
                    continue
                was = mutation.get("was", {}).get(field)
                if key in checkpoint and self.is_unseen(checkpoint[key], field, was, mutation["base"], own):
                    if (key[0], field) in NOTES:
                        mine = merged_note(was, mine, fields.get(field))
                    elif (key[0], field) in LISTS:
                        mine = merged_list(was, mine, fields.get(field))
                fields[field] = mine
                pending.add(field)
        return view

    def is_unseen(self, row, field, was, base, own):
        """Whether the checkpoint has what somebody else wrote after the edit's author had looked."""
        if base["epoch"] != self.meta("epoch"):
            return not same(row["fields"].get(field), was)
        changed = row["fv"].get(field, row["born"])
        return changed > base["v"] and changed not in own

    def edit(self, mission, operation, type, id, fields=None):
        shown, _ = self.shown().get((type, id), ({}, set()))
        was = {"set": {field: shown.get(field) for field in fields or {}}, "delete": shown, "create": {}}
        with self.transaction():
            seq = self.meta("next")
            last = self.meta("hlc") or [0, 0]
            now = int(self.clock() * 1000)
            reading = [now, 0] if now > last[0] else [last[0], last[1] + 1]
            device = self.meta("device")
            mutation = {
                "seq": seq,
                "hlc": f"{reading[0]:015d}-{reading[1]:04x}-{device}",
                "schema": SCHEMA,
                "base": {"epoch": self.meta("epoch"), "v": self.meta("v")},
                "type": type,
                "id": id,
                "op": operation,
                "dossier": mission,
            }
            if operation != "delete":
                mutation["set"] = fields
            if operation != "create":
                mutation["was"] = was[operation]
            text = json.dumps(mutation, ensure_ascii=False)
            self.db.execute("INSERT INTO journal (seq, mutation) VALUES (?, ?)", [seq, text])
            self.keep(next=seq + 1, hlc=reading)
        return seq

    def state(self):
        """All that it holds, in the form of `conformance/client`."""
        rows = [
            {"type": type, "id": id, "v": row["v"], "born": row["born"], "fields": row["fields"], "fv": row["fv"]}
            for (type, id), row in self.rows().items()
        ]
        shown = [
            {"type": type, "id": id, "fields": fields, "pending": sorted(pending)}
            for (type, id), (fields, pending) in sorted(self.shown().items(), key=lambda item: item[0])
        ]
        return {
            "checkpoint": {
                "epoch": self.meta("epoch") or "",
                "v": self.meta("v") or 0,
                "cursor": self.meta("cursor"),
                "rows": rows,
            },
            "staged": min(1, self.db.execute("SELECT count(*) FROM staged").fetchone()[0]),
            "shown": shown,
            "unanswered": [seq for seq, *_ in self.unanswered()],
            "answers": [{**result, "epoch": epoch} for *_, result, epoch in self.journal() if result],
            "inbox": [json.loads(item) for (item,) in self.db.execute("SELECT item FROM inbox ORDER BY n")],
            "enrolled": self.meta("device") is not None,
        }


def reached(rows):
    """The keys of the rows that the missions lead to."""
    missions = {id for type, id in rows if type == "dossier"}
    kept = {key for key in rows if key[0] == "dossier" or key[0] in ORGANIZATION}
    for (type, id), row in rows.items():
        if type in MISSION and row["fields"].get("dossier_id") in missions:
            kept.add((type, id))
    for (type, id), row in rows.items():
        if type == "lead_analyser_booking" and ("appointment", row["fields"].get("appointment_id")) in kept:
            kept.add((type, id))
    for type, field, target in LINKS:
        for key in [key for key in kept if key[0] == type]:
            if key in rows and rows[key]["fields"].get(field):
                kept.add((target, rows[key]["fields"][field]))
    return kept


def ending(body):
    """How a round ended, in the words of `conformance/client`."""
    try:
        return "differed" if body() else "done"
    except Later:
        return "offline"
    except EnrolAnew:
        return "enrol-anew"
    except UpdateNeeded:
        return "update"
    except Revoked:
        return "wiped"


def main(file, command, *arguments):
    client = Client(file)
    if command == "enrol":
        client.enrol(*arguments)
    elif command in ("sync", "compare"):
        print(ending(client.sync if command == "sync" else client.compare))
    elif command in ("create", "set", "delete"):
        mission, type, id, *fields = arguments
        print(client.edit(mission, command, type, id, json.loads(fields[0]) if fields else None))
    elif command == "state":
        print(json.dumps(client.state(), ensure_ascii=False))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
