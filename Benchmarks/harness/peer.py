"""Kinto, a sync server that others use, with its PostgreSQL backend in the same cluster and in the same run.

Twice: alike, it does what Constat does as far as it can, so that a signed-in account writes and reads, history is kept and
requests are logged; spared, it is open to everyone, without history or log.
"""

import base64
import contextlib
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
# With two at once Kinto refuses some of the batches, since they hit one another, and still gets no less done than with one
# or with more.
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
kinto.paginate_by = 100
kinto.batch_max_requests = 25
{manner}

[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = json
[logger_root]
level = {level}
handlers = console
[handler_console]
class = kinto.core.StreamHandlerWithRequestID
args = (sys.stderr,)
formatter = json
[formatter_json]
class = kinto.core.JsonLogFormatter
"""

# What signing in needs, and history.
ALIKE = """
kinto.includes = kinto.plugins.accounts kinto.plugins.history
multiauth.policies = account
multiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy
kinto.account_create_principals = system.Everyone
kinto.bucket_create_principals = system.Authenticated
"""
SPARED = """
kinto.bucket_create_principals = system.Everyone
kinto.bucket_write_principals = system.Everyone
"""
ACCOUNT, PASSWORD = "technician", "field-work-5e5e"
CREDENTIAL = "Basic " + base64.b64encode(f"{ACCOUNT}:{PASSWORD}".encode()).decode()


class Kinto:
    """Two gunicorn workers on a free port of the loopback, upon a database of their own."""

    def __init__(self, cluster, is_alike):
        self.starts = []
        self.place = tempfile.TemporaryDirectory(prefix="constat-kinto-")
        self.authorization = "none"
        settings = Path(self.place.name) / "kinto.ini"
        database = "kinto" if is_alike else "kinto_spared"
        url = f"postgresql://postgres@/{database}?host={cluster.directory}"
        settings.write_text(SETTINGS.format(
            url=url, secret="5e" * 16, manner=ALIKE if is_alike else SPARED, level="INFO" if is_alike else "ERROR"))
        cluster.sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)", "postgres")
        cluster.sql(f"CREATE DATABASE {database}", "postgres")
        subprocess.run([PROGRAMS / "kinto", "migrate", "--ini", settings], check=True, capture_output=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = open(Path(self.place.name) / "log", "wb")
        self.process = subprocess.Popen(
            [PROGRAMS / "gunicorn", "--paste", settings, "-w", "2", "--threads", "1", "-b", f"127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log, cwd=self.place.name, env={**os.environ, "PYTHONWARNINGS": "ignore"})
        try:
            self._await()
            if is_alike:
                self.ask("PUT", f"/v1/accounts/{ACCOUNT}", {"data": {"password": PASSWORD}})
                self.authorization = CREDENTIAL
        except BaseException:
            self.close()
            raise

    def _await(self):
        for _ in range(200):
            try:
                self.ask("GET", "/v1/")
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"Kinto did not start: {(Path(self.place.name) / 'log').read_text()[-2000:]}")

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/json", "Authorization": self.authorization}
        connection.request(method, path, body and json.dumps(body), headers)
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
        self.starts = [record["last_modified"] for record in page["data"]]

    def pulls(self):
        """The next hundred records after one of the first."""
        chance = random.Random(7)
        path = "/v1/buckets/peer/collections/rows/records?_limit=100&_sort=last_modified&_since="
        return [("GET", path + str(chance.choice(self.starts)), self.authorization, "") for _ in range(200)]

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        self.place.cleanup()


def is_installed():
    return (PROGRAMS / "kinto").exists()


def compare(cluster, server, workloads, push_line, seconds, rounds):
    requests = workloads.hundred_changes()
    shape = [event["fields"] for event in workloads.ask(server, requests[0])["events"] if event["op"] == "put"]
    ours = {"pull": [], "push": []}
    theirs = {"alike": {"pull": [], "push": []}, "spared": {"pull": [], "push": []}}
    with contextlib.ExitStack() as peers:
        kintos = {}
        for manner in theirs:
            kintos[manner] = peers.enter_context(contextlib.closing(Kinto(cluster, manner == "alike")))
            kintos[manner].fill(shape)
        for _ in range(rounds):
            ours["pull"].append(sent(server, requests, seconds))
            for manner, kinto in kintos.items():
                theirs[manner]["pull"].append(sent(kinto, kinto.pulls(), seconds))
            with tempfile.NamedTemporaryFile("w", prefix="constat-wrk-") as file:
                push_line.requests(file)
                file.flush()
                ours["push"].append(load.wrk(server, push_line.wrk_script, file.name, seconds).per_second)
            for manner, kinto in kintos.items():
                theirs[manner]["push"].append(load.wrk(
                    kinto, "kinto.lua", RECORDS, seconds, PUSHING, kinto.authorization).per_second)
    found = []
    for name, title, limit in (("pull", "pull of 100 against Kinto", PULL_RATIO), ("push", "push of 10 against Kinto", PUSH_RATIO)):
        for manner, figures in theirs.items():
            ratio = statistics.median(a / b for a, b in zip(ours[name], figures[name]))
            found.append(Finding(
                f"{title}, {manner}", ratio, limit, " ×",
                note=f"{statistics.median(ours[name]):.0f}/s and {statistics.median(figures[name]):.0f}/s"))
    return found


def sent(server, requests, seconds):
    with tempfile.NamedTemporaryFile("w", prefix="constat-wrk-") as file:
        file.writelines("\t".join(one) + "\n" for one in requests)
        file.flush()
        load.wrk(server, "send.lua", file.name, 1)
        return load.wrk(server, "send.lua", file.name, seconds).per_second
