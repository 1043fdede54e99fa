"""A private PostgreSQL cluster set up like a production one, and the release build's own commands upon it."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent.parent
CONSTAT = HOME / ".build/release/constat"

SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 1GB
max_wal_size = 4GB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = error
log_min_error_statement = panic
"""

# As in the sessions of the API.
SESSION = "-c jit=off -c max_parallel_workers_per_gather=0 -c plan_cache_mode=force_generic_plan"


def programs():
    """The directory of initdb and pg_ctl: Debian keeps them off the path."""
    for parent in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (parent / "initdb").exists():
            return parent
    found = shutil.which("initdb")
    if not found:
        raise SystemExit("initdb not found: install PostgreSQL 15 or later")
    return Path(found).parent


class Cluster:
    """Kept in `directory` when that is given, else made for one run and removed after it."""

    def __init__(self, directory=None):
        self.is_temporary = directory is None
        self.directory = Path(directory or tempfile.mkdtemp(prefix="constat-bench-", dir="/var/tmp")).resolve()
        self.data = self.directory / "data"
        self.programs = programs()
        # PostgreSQL refuses to run as root.
        self.account = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] \
            if os.geteuid() == 0 else []

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o755)
        if self.account:
            entry = pwd.getpwnam("postgres")
            os.chown(self.directory, entry.pw_uid, entry.pw_gid)
        if not self.data.exists():
            self._control("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                          "--locale=C.UTF-8", "--no-instructions")
            (self.data / "postgresql.auto.conf").write_text(
                SETTINGS + f"unix_socket_directories = '{self.directory}'\n")
        self._control("pg_ctl", "-D", self.data, "-w", "-s", "-l", self.directory / "log", "start")

    def stop(self):
        subprocess.run([*self.account, self.programs / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "-s", "stop"],
                       cwd="/")
        if self.is_temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _control(self, program, *arguments):
        done = subprocess.run([*self.account, self.programs / program, *map(str, arguments)], cwd="/",
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{program} failed: {done.stderr}")

    def url(self, user, host=None):
        return f"host='{host or self.directory}' port=5432 user={user} dbname=constat"

    def sql(self, statement, database="constat", *arguments):
        """Runs SQL as the superuser; the rows as lists of text."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", str(self.directory),
             "-U", "postgres", "-d", database, *arguments],
            input=statement, text=True, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"SQL failed: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def load(self, organizations, dossiers):
        """A migrated database with the data set, unless it is there already. True when it was made."""
        mark = f"{organizations} organizations, {dossiers} dossiers each, {self._schema()}"
        if self.sql("SELECT 1 FROM pg_database WHERE datname = 'constat'", "postgres"):
            known = self.sql("SELECT obj_description(oid) FROM pg_namespace WHERE nspname = 'benchmark'")
            if known == [[mark]]:
                return False
            self.sql("DROP DATABASE constat WITH (FORCE)", "postgres")
        self.sql("""SELECT 'CREATE ROLE ' || role || ' LOGIN' FROM unnest('{constat_owner,constat_app}'::text[]) AS role
            WHERE role NOT IN (SELECT rolname FROM pg_roles) \\gexec
            CREATE DATABASE constat OWNER constat_owner;""", "postgres")
        migrated = subprocess.run([CONSTAT, "migrate"], cwd=HOME, capture_output=True, text=True,
                                  env={**os.environ, "DATABASE_OWNER_URL": self.url("constat_owner")})
        if migrated.returncode != 0:
            raise SystemExit(f"constat migrate failed: {migrated.stderr}")
        self.sql((HOME / "Benchmarks/dataset.sql").read_text(), "constat",
                 "-v", f"organizations={organizations}", "-v", f"dossiers={dossiers}")
        self.sql(f"COMMENT ON SCHEMA benchmark IS '{mark}'")
        return True

    @staticmethod
    def _schema():
        import hashlib
        files = sorted((HOME / "Migrations").glob("*.sql")) + [HOME / "Benchmarks/dataset.sql"]
        return hashlib.sha256(b"".join(file.name.encode() + file.read_bytes() for file in files)).hexdigest()[:12]


class Server:
    """`constat serve` of the release build, with the defaults of production, on a free port of the loopback."""

    def __init__(self, cluster, database_host=None):
        self.log = open(cluster.directory / "serve.log", "ab")
        self.process = subprocess.Popen(
            [CONSTAT, "serve"], cwd=HOME, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, "DATABASE_URL": cluster.url("constat_app", database_host), "HOST": "127.0.0.1",
                 "PORT": "0", "CONSTAT_SECRET_KEY": "5e" * 32})
        line = self.process.stdout.readline()
        found = re.search(r":(\d+)\s*$", line)
        if not found:
            self.process.wait(5)
            raise SystemExit(f"constat serve did not start: see {cluster.directory}/serve.log")
        self.port = int(found[1])
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
