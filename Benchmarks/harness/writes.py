"""What sealing costs one organization's writers, and what a reader that follows the cursor sees of late commits."""

import http.client
import json
import subprocess
import threading
import time

from . import load
from .finding import Finding

WRITERS = 16
SEALED_PER_SECOND = 700
LATE_CHANGES = 25_000
LAG_LIMIT_MS = 30


def actor(organization):
    return (f"SELECT set_config('app.organization_id', '{organization}', true), set_config('app.actor', 'job', true),"
            " set_config('app.channel', 'api', true);\n")


def sealed(cluster, seconds, rounds):
    """Write transactions of 20 ms by 16 writers on one organization, with the seal and without."""
    organization, *_ = busiest(cluster)
    cluster.sql(f"""
        CREATE TABLE IF NOT EXISTS benchmark.target AS
        SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM outbuilding WHERE organization_id = '{organization}';
        CREATE INDEX IF NOT EXISTS target_place ON benchmark.target (place);
        GRANT USAGE ON SCHEMA benchmark TO constat_app; GRANT SELECT ON benchmark.target TO constat_app;""")
    script = ("\\set place :client_id * 20 + random(0, 19)\n\\set v random(1, 1000000000)\nBEGIN;\n" + actor(organization)
              + "UPDATE outbuilding SET comment = 'Annexe ' || :v WHERE organization_id = '" + organization
              + "' AND id = (SELECT id FROM benchmark.target WHERE place = :place);\n\\sleep 20 ms\nCOMMIT;\n")

    def rate():
        return load.pgbench(cluster, [script], seconds, 1, clients=WRITERS).per_second

    with_seal, without = [], []
    for _ in range(rounds):
        with_seal.append(rate())
        cluster.sql("ALTER TABLE system.history DISABLE TRIGGER seal")
        try:
            without.append(rate())
        finally:
            cluster.sql("ALTER TABLE system.history ENABLE TRIGGER seal")
    best = sorted(with_seal)[rounds // 2]
    return [Finding("sealed writes of one organization, 16 writers of 20 ms", best, SEALED_PER_SECOND, "/s",
                    note=f"{best / sorted(without)[rounds // 2]:.2f} of the same writes without a seal")]


def busiest(cluster):
    return cluster.sql("""
        SELECT c.organization_id, c.device_id, c.token FROM benchmark.credential c
        JOIN system.sync_membership m ON m.organization_id = c.organization_id AND m.technician_id = c.account_id
        WHERE c.device_id IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) >= 40 ORDER BY c.device_id LIMIT 1""")[0]


class Puller(threading.Thread):
    """A device that follows its cursor without pause, and notes when it first saw each row."""

    def __init__(self, server, token):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.token = token
        self.cursor = None
        self.seen = {}
        self.is_idle = threading.Event()
        self.ends = threading.Event()

    def pull(self):
        self.connection.request("POST", "/v1/sync/pull", json.dumps({"cursor": self.cursor, "limit": 500}),
                                {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        page = json.loads(answer.read())
        if answer.status != 200:
            raise SystemExit(f"pull: {answer.status} {page}")
        now = time.time()
        for event in page["events"]:
            self.seen.setdefault(event.get("id"), now)
        self.cursor = page["cursor"]
        return page

    def run(self):
        while not self.ends.is_set():
            page = self.pull()
            if page["events"]:
                self.is_idle.clear()
            else:
                self.is_idle.set()
                time.sleep(0.002)


def late_commits(cluster, server):
    """Inserts that commit up to 20 ms after they were made, while an unrelated transaction stays open for 6 s."""
    organization, device, token = busiest(cluster)
    since = cluster.sql(f"SELECT version FROM system.tenant_sync WHERE organization_id = '{organization}'")[0][0]
    missions = cluster.sql(f"""
        SELECT m.dossier_id FROM system.sync_membership m JOIN benchmark.credential c
          ON c.organization_id = m.organization_id AND c.account_id = m.technician_id
        WHERE c.device_id = '{device}' ORDER BY 1 LIMIT {WRITERS}""")
    puller = Puller(server, token)
    while puller.pull()["more"]:
        pass
    puller.start()
    script = "\\set late random(0, 20)\nBEGIN;\n" + actor(organization) + (
        "INSERT INTO outbuilding (organization_id, id, dossier_id, kind, comment) SELECT '" + organization
        + "', gen_random_uuid(), ('" + "{" + ",".join(row[0] for row in missions) + "}'::uuid[])[:client_id + 1],"
        " 'cellar', 'Tardive';\n\\sleep :late ms\nCOMMIT;\n")
    unrelated = subprocess.Popen(
        ["psql", "-X", "-q", "-h", str(cluster.directory), "-U", "postgres", "-d", "constat", "-c",
         "BEGIN; CREATE TEMP TABLE held (n int); SELECT pg_sleep(6); COMMIT"], stdout=subprocess.DEVNULL)
    load.pgbench(cluster, [script], 1, 0, clients=WRITERS, transactions=LATE_CHANGES // WRITERS + 1)
    unrelated.wait()
    puller.is_idle.clear()
    puller.is_idle.wait(60)
    puller.ends.set()
    puller.join()
    made = cluster.sql(f"""
        SELECT e.id, extract(epoch FROM s.at) FROM system.sync_entity e
        JOIN system.seal s ON s.organization_id = e.organization_id AND s.version = e.born
        WHERE e.organization_id = '{organization}' AND e.type = 'outbuilding' AND e.born > {since}""")
    lags = [puller.seen[id] - float(at) for id, at in made if id in puller.seen]
    missed = len(made) - len(lags)
    cluster.sql(f"""SET session_replication_role = replica;
        DELETE FROM outbuilding WHERE organization_id = '{organization}' AND comment = 'Tardive';
        DELETE FROM system.sync_entity WHERE organization_id = '{organization}' AND type = 'outbuilding' AND born > {since}""")
    return [Finding(f"changes missed of {len(made)} committed up to 20 ms late", missed, 0, is_ceiling=True,
                    note="one transaction open for 6 s meanwhile"),
            Finding("p99 from the seal, before COMMIT, to the device", load.percentile(lags, 0.99) * 1000, LAG_LIMIT_MS, " ms",
                    is_ceiling=True, note=f"median {load.percentile(lags, 0.5) * 1000:.1f} ms; COMMIT included")]
