"""Kinto, a sync server that others use, with its PostgreSQL backend in the same cluster and in the same run.

It is spared what Constat does: everyone may read and write, so it checks no credential.
"""

import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from . import load
from .finding import Finding

HOME = Path(__file__).resolve().parent.parent.parent
PROGRAMS = HOME / ".venv/bin"
RECORDS = 2000
PULL_RATIO, PUSH_RATIO = 4, 50
# Kinto's batches are fastest with few at once.
PUSHING = 2

SETTINGS = """
[app:main]
use = egg:kinto
kinto.project_name = peer
kinto.userid_hmac_secret = {secret}
kinto.storage_backend = kinto.core.storage.postgresql
kinto.storage_url = {url}
kinto.storage_pool_size = 16
kinto.permission_backend = kinto.core.permission.postgresql
kinto.permission_url = {url}
kinto.cache_backend = kinto.core.cache.memory
kinto.bucket_create_principals = system.Everyone
kinto.bucket_write_principals = system.Everyone
kinto.paginate_by = 100
kinto.batch_max_requests = 25

[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = ERROR
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(message)s
"""


class Kinto:
    """Two gunicorn workers on a free port of the loopback."""

    def __init__(self, cluster):
        self.place = tempfile.TemporaryDirectory(prefix="constat-kinto-")
        settings = Path(self.place.name) / "kinto.ini"
        url = f"postgresql://postgres@/kinto?host={cluster.directory}"
        settings.write_text(SETTINGS.format(url=url, secret="5e" * 16))
        if not cluster.sql("SELECT 1 FROM pg_database WHERE datname = 'kinto'", "postgres"):
            cluster.sql("CREATE DATABASE kinto", "postgres")
        subprocess.run([PROGRAMS / "kinto", "migrate", "--ini", settings], check=True, capture_output=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = open(Path(self.place.name) / "log", "wb")
        self.process = subprocess.Popen(
            [PROGRAMS / "gunicorn", "--paste", settings, "-w", "2", "--threads", "1", "-b", f"127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log, cwd=self.place.name, env={**os.environ, "PYTHONWARNINGS": "ignore"})
        for _ in range(200):
            try:
                self.ask("GET", "/v1/")
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"Kinto did not start: {(Path(self.place.name) / 'log').read_text()[-2000:]}")

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 400:
            raise SystemExit(f"Kinto: {method} {path}: {answer.status} {text[:500]}")
        return json.loads(text)

    def fill(self, shape):
        """Records that are as large as the rows of a device's feed."""
        self.ask("PUT", "/v1/buckets/peer")
        self.ask("PUT", "/v1/buckets/peer/collections/rows")
        for start in range(0, RECORDS, 25):
            self.ask("POST", "/v1/batch", {"requests": [
                {"method": "PUT", "path": f"/buckets/peer/collections/rows/records/row-{n}",
                 "body": {"data": {**shape[n % len(shape)], "note": str(n)}}} for n in range(start, start + 25)]})
        page = self.ask("GET", "/v1/buckets/peer/collections/rows/records?_sort=last_modified&_limit=100")
        return [record["last_modified"] for record in page["data"]]

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        self.place.cleanup()


def is_installed():
    return (PROGRAMS / "kinto").exists()


def compare(cluster, server, workloads, push_line, seconds, rounds):
    requests = workloads.hundred_changes()
    shape = [event["fields"] for event in workloads.ask(server, requests[0])["events"] if event["op"] == "put"]
    kinto = Kinto(cluster)
    try:
        starts = kinto.fill(shape)
        chance = random.Random(7)
        pulls = [("GET", "/v1/buckets/peer/collections/rows/records?_limit=100&_sort=last_modified&_since="
                  + str(chance.choice(starts)), "none", "") for _ in range(200)]
        ours, theirs = {"pull": [], "push": []}, {"pull": [], "push": []}
        for _ in range(rounds):
            ours["pull"].append(sent(server, requests, seconds))
            theirs["pull"].append(sent(kinto, pulls, seconds))
            with tempfile.NamedTemporaryFile("w", prefix="constat-wrk-") as file:
                push_line.requests(file)
                file.flush()
                ours["push"].append(load.wrk(server, push_line.wrk_script, file.name, seconds).per_second)
            theirs["push"].append(load.wrk(kinto, "kinto.lua", RECORDS, seconds, connections=PUSHING).per_second)
    finally:
        kinto.stop()
    found = []
    for name, title, limit in (("pull", "pull of 100 against Kinto", PULL_RATIO), ("push", "push of 10 against Kinto", PUSH_RATIO)):
        ratio = statistics.median(a / b for a, b in zip(ours[name], theirs[name]))
        found.append(Finding(title, ratio, limit, " ×",
                             note=f"{statistics.median(ours[name]):.0f}/s and {statistics.median(theirs[name]):.0f}/s"))
    return found


def sent(server, requests, seconds):
    with tempfile.NamedTemporaryFile("w", prefix="constat-wrk-") as file:
        file.writelines("\t".join(one) + "\n" for one in requests)
        file.flush()
        load.wrk(server, "send.lua", file.name, 1)
        return load.wrk(server, "send.lua", file.name, seconds).per_second
