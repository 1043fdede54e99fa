"""The lines that are measured: the requests of each, and the same SQL for pgbench."""

import http.client
import json
import random
import time
from dataclasses import dataclass, field
from typing import Callable

from . import scripts
from .recorder import Recorder

# pgbench takes at most 128 scripts.
SCRIPTS = 100
# Statements that are slow to plan are kept few, so that pgbench has planned them all before it is measured.
SCRIPTS_OF_PAGES = 25


@dataclass
class Line:
    name: str
    floor: float
    aim: float
    wrk_script: str
    # Writes the requests to a file, fresh before each run.
    requests: Callable
    # What the ratio is taken against.
    reference: list = field(default_factory=list)
    # Compared with for information: (title, scripts, role).
    others: list = field(default_factory=list)


class Workloads:
    def __init__(self, cluster, server):
        self.cluster = cluster
        self.server = server
        # The same choice in every run.
        self.chance = random.Random(20261122)
        rows = cluster.sql("SELECT organization_id, account_id, coalesce(device_id::text, ''), token"
                           " FROM benchmark.credential ORDER BY rank, device_id NULLS FIRST")
        self.staff = {}
        for organization, _, device, token in rows:
            if not device:
                self.staff.setdefault(organization, token)
        self.devices = [(device, token) for _, _, device, token in rows if device]
        self.busy = cluster.sql("""
            SELECT c.device_id, c.token FROM benchmark.credential c
            JOIN system.sync_membership m ON m.organization_id = c.organization_id AND m.technician_id = c.account_id
            WHERE c.device_id IS NOT NULL GROUP BY c.device_id, c.token HAVING count(*) >= 40 ORDER BY c.device_id""")

    # Requests: (method, path, token, body)

    def points(self, count=2000):
        rows = self.cluster.sql("""
            SELECT organization_id, id FROM dossier TABLESAMPLE BERNOULLI (20) REPEATABLE (7)
            ORDER BY md5(id::text) LIMIT """ + str(count))
        return [("GET", f"/v1/dossiers/{id}", self.staff[organization], "") for organization, id in rows]

    def lists(self):
        return [("GET", "/v1/dossiers?limit=100", token, "") for token in self.staff.values()]

    def full_pulls(self):
        return [("POST", "/v1/sync/pull", token, '{"limit":500}') for _, token in self.busy]

    def idle_pulls(self, count=200):
        return [self.idle_pull(token) for _, token in (self.busy + self.devices)[:count]]

    def idle_pull(self, token):
        """What a device asks that has pulled all there is."""
        cursor = None
        while True:
            request = ("POST", "/v1/sync/pull", token, json.dumps({"cursor": cursor}))
            answer = self.ask(self.server, request)
            if cursor == answer["cursor"]:
                return request
            cursor = answer["cursor"]

    def hundred_changes(self):
        """Pulls of devices that are up to date but for a hundred rows, changed ten at a time."""
        requests = [self.idle_pull(token) for _, token in self.busy]
        for device, _ in self.busy:
            organization, *rows = self.cluster.sql(f"""
                SELECT o.organization_id || ' ' || o.id FROM outbuilding o
                JOIN system.sync_membership m ON m.organization_id = o.organization_id AND m.dossier_id = o.dossier_id
                JOIN device d ON d.organization_id = m.organization_id AND d.technician_id = m.technician_id
                WHERE d.id = '{device}' ORDER BY o.id LIMIT 101""")
            ids = [row[0].split()[1] for row in rows]
            organization = organization[0].split()[0]
            for start in range(0, 100, 10):
                chosen = ", ".join(f"'{id}'" for id in ids[start:start + 10])
                self.cluster.sql(f"""
                    BEGIN;
                    SELECT set_config('app.organization_id', '{organization}', true), set_config('app.actor', 'job', true),
                      set_config('app.channel', 'job', true);
                    UPDATE outbuilding SET comment = comment || '.' WHERE organization_id = '{organization}'
                      AND id IN ({chosen});
                    COMMIT;""")
        for request in requests:
            count = len(self.ask(self.server, request)["events"])
            if count != 100:
                raise SystemExit(f"a device that is a hundred rows behind is told {count}")
        return requests

    # Pushes: ten rows of one mission for each device, with the values that they hold

    EDITED = """
        WITH mission AS (
          SELECT DISTINCT ON (c.device_id) c.device_id, c.token, c.organization_id, m.dossier_id
          FROM benchmark.credential c JOIN system.sync_membership m
            ON m.organization_id = c.organization_id AND m.technician_id = c.account_id
          WHERE c.device_id IS NOT NULL ORDER BY c.device_id, m.version
        ), edited AS (
          SELECT m.device_id, 0 AS place, 'dossier' AS type, d.id, d.id AS dossier_id, 'access_comment' AS field,
            'Digicode' AS kind, d.access_comment AS value
          FROM mission m JOIN dossier d ON d.organization_id = m.organization_id AND d.id = m.dossier_id
          UNION ALL
          SELECT m.device_id, 1, 'outbuilding', o.id, o.dossier_id, 'comment', 'Annexe', o.comment
          FROM mission m JOIN outbuilding o ON o.organization_id = m.organization_id AND o.dossier_id = m.dossier_id
          UNION ALL
          SELECT m.device_id, 2, 'dossier_diagnostic', g.id, g.dossier_id, 'pre_conclusion', 'Constat', g.pre_conclusion
          FROM mission m JOIN dossier_diagnostic g
            ON g.organization_id = m.organization_id AND g.dossier_id = m.dossier_id
          UNION ALL
          SELECT m.device_id, 3, 'mission_order', r.id, r.dossier_id, 'field_note', 'Note', r.field_note
          FROM mission m JOIN mission_order r ON r.organization_id = m.organization_id AND r.dossier_id = m.dossier_id
        )
        SELECT m.device_id, m.token, t.epoch, t.version, j.last_sequence,
          json_agg(json_build_array(e.type, e.id, e.dossier_id, e.field, e.kind, e.value) ORDER BY e.place, e.id)
        FROM mission m JOIN edited e ON e.device_id = m.device_id
          JOIN system.tenant_sync t ON t.organization_id = m.organization_id
          JOIN system.device_journal j ON j.organization_id = m.organization_id AND j.device_id = m.device_id
        GROUP BY m.device_id, m.token, t.epoch, t.version, j.last_sequence ORDER BY md5(m.device_id::text)"""

    def pushes(self):
        # Pushes that the load generator no longer waits for are still under way.
        while self.cluster.sql("SELECT 1 FROM pg_stat_activity WHERE usename = 'constat_app' AND state <> 'idle'"):
            time.sleep(0.05)
        # pgbench leaves journals at places of its own; devices go on where they were.
        self.cluster.sql("""
            UPDATE system.device_journal j SET last_sequence = greatest(c.rank * 1000000000, (
              SELECT max(r.sequence) FROM system.device_result r WHERE r.organization_id = j.organization_id
              AND r.device_id = j.device_id AND r.sequence < 10000000000000))
            FROM benchmark.credential c WHERE c.device_id = j.device_id""")
        return [(*row[:5], json.loads(row[5])) for row in self.cluster.sql(self.EDITED)]

    def write_pushes(self, file):
        for *device, edits in self.pushes():
            fields = list(device)
            for type, id, dossier, name, kind, value in edits:
                fields += [f'"type":"{type}","id":"{id}","dossier":"{dossier}"', name, kind, json.dumps(value)]
            print(*fields, sep="\t", file=file)

    @staticmethod
    def push_body(device, epoch, version, edits):
        mutations = []
        for place, (type, id, dossier, name, kind, value) in enumerate(edits, 1):
            mutations.append({
                "seq": scripts.SEQUENCE_BASE + place, "hlc": "2026-11-22T08:00:00.000Z-0-a",
                "base": {"epoch": epoch, "v": int(version)}, "type": type, "id": id, "dossier": dossier, "op": "set",
                "set": {name: f"{kind} {scripts.VALUE_MARK}"}, "was": {name: value}, "schema": 1})
        return json.dumps({"device": device, "mutations": mutations})

    # What the API executes

    @staticmethod
    def ask(server, request):
        method, path, token, body = request
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        if body:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)

    def record(self, recorder, server, requests):
        """The round trips of each request."""
        recorder.take()
        recordings = []
        for request in requests:
            answer = self.ask(server, request)
            for result in answer.get("results", []):
                if result["status"] not in ("applied", "merged"):
                    raise SystemExit(f"a recorded edit was not applied: {result}")
            recordings.append(recorder.take())
        return recordings

    def record_near_pull(self, recorder, server):
        """A pull by a device that is one change behind."""
        push = self.pushes()[0]
        pull = self.idle_pull(push[1])
        self.record_pushes(recorder, server, 1)
        return self.record(recorder, server, [pull])[0]

    def record_pushes(self, recorder, server, count=SCRIPTS):
        chosen = self.pushes()[:count]
        names = ", ".join(f"'{push[0]}'" for push in chosen)
        self.cluster.sql(
            f"UPDATE system.device_journal SET last_sequence = {scripts.SEQUENCE_BASE} WHERE device_id IN ({names})")
        self.cluster.sql(f"DELETE FROM system.device_result WHERE sequence > {scripts.SEQUENCE_BASE}")
        self.recorded_edits = [push[-1] for push in chosen]
        return self.record(recorder, server, [
            ("POST", "/v1/sync/push", token, self.push_body(device, epoch, version, edits))
            for device, token, epoch, version, _, edits in chosen])

    def visible_columns(self, trips):
        """What the API makes members of: a page's columns but those for itself."""
        page = scripts.rendered(trips[-1][-1])
        return [row[0] for row in self.cluster.sql(page + " \\gdesc") if not row[0].startswith("_")]

    def lines(self, make_server):
        """Records what the API does, and makes the lines of it."""
        recorder = Recorder(make_server.place, self.cluster.directory)
        server = make_server(make_server.place)
        self.cluster.sql("UPDATE system.device_journal SET last_seen_at = now()")
        try:
            points = self.record(recorder, server, self.points(SCRIPTS))
            lists = self.record(recorder, server, self.lists())
            idle = self.record(recorder, server, self.idle_pulls(SCRIPTS))
            full = self.record(recorder, server, self.full_pulls()[:SCRIPTS_OF_PAGES])
            pushes = self.record_pushes(recorder, server)
        finally:
            server.stop()
            recorder.close()
        columns = self.visible_columns(lists[0])
        def file_of(requests):
            return lambda file: file.writelines("\t".join(one) + "\n" for one in requests())
        point_requests, list_requests, full_requests = self.points(), self.lists(), self.full_pulls()
        return [
            Line("point read", 0.30, 0.45, "send.lua", file_of(lambda: point_requests),
                 [scripts.same(one) for one in points],
                 [("bare SQL", [scripts.bare(one) for one in points], "postgres")]),
            Line("list of 100", 1.1, 1.5, "send.lua", file_of(lambda: list_requests),
                 [scripts.aggregated(one, columns) for one in lists],
                 [("same SQL as rows", [scripts.same(one) for one in lists], "constat_app"),
                  ("bare SQL as rows", [scripts.bare(one) for one in lists], "postgres")]),
            Line("idle pull", 0.40, 0.45, "send.lua", file_of(self.idle_pulls), [scripts.same(one) for one in idle],
                 [("bare SQL", [scripts.bare(one) for one in idle], "postgres")]),
            Line("pull of 500", 0.9, 1.2, "send.lua", file_of(lambda: full_requests),
                 [scripts.same(one) for one in full]),
            Line("push of 10", 0.75, 0.85, "push.lua", self.write_pushes, [scripts.push(one) for one in pushes]),
            Line("push of 10, to the same effects one by one", 1.2, 1.5, "push.lua", self.write_pushes,
                 [scripts.one_by_one(one, edits) for one, edits in zip(pushes, self.recorded_edits)]),
        ]
