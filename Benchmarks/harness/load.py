"""Runs the two load generators and reads their figures: pgbench at 8 connections, wrk at 32."""

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .cluster import SESSION

WRK = Path(__file__).resolve().parent.parent / "wrk"


@dataclass
class Figures:
    per_second: float
    p99: float  # milliseconds


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def pgbench(cluster, scripts, seconds, warm_up, user="constat_app", clients=8, transactions=None):
    """-M prepared -j 2, each script equally often, for so long or for so many transactions of each client. The log of all transactions gives the percentile, and lets the
    warm-up be left out together with the preparation of statements."""
    with tempfile.TemporaryDirectory(prefix="constat-pgbench-") as place:
        files = []
        for number, script in enumerate(scripts):
            file = Path(place) / f"{number}.sql"
            file.write_text(script)
            files += ["-f", str(file)]
        done = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-l", "--log-prefix", f"{place}/log",
             *(["-t", str(transactions)] if transactions else ["-T", str(seconds + warm_up)]), *files],
            env={"PATH": f"{cluster.programs}:/usr/bin:/bin", "PGHOST": str(cluster.directory), "PGUSER": user,
                 "PGDATABASE": "constat", "PGPORT": "5432", "PGOPTIONS": SESSION},
            capture_output=True, text=True)
        errors = [line for line in done.stderr.splitlines() if "error" in line.lower() or "aborted" in line]
        if done.returncode != 0 or errors:
            raise SystemExit(f"pgbench failed: {done.stderr[-2000:]}")
        ends, latencies = [], []
        for log in Path(place).glob("log.*"):
            for line in log.read_text().splitlines():
                # client, transaction, latency in µs, script, end in seconds and µs
                words = line.split()
                ends.append(int(words[4]) + int(words[5]) / 1e6)
                latencies.append(int(words[2]))
    last = max(ends)
    counted = [latency for end, latency in zip(ends, latencies) if end > last - seconds]
    return Figures(len(counted) / seconds, percentile(counted, 0.99) / 1000)


def wrk(server, script, data, seconds, connections=32, *further):
    """-t1 -c32 with keep-alive. Any answer that the script does not expect ends the benchmark."""
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(WRK / script),
         f"http://127.0.0.1:{server.port}", "--", str(data), *further],
        capture_output=True, text=True)
    found = re.search(r"^FIGURES (.*)$", done.stdout, re.M)
    if done.returncode != 0 or not found:
        raise SystemExit(f"wrk failed: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    figures = json.loads(found[1])
    if figures["errors"]:
        raise SystemExit(f"wrk saw {figures['errors']} unexpected answers. {done.stdout[-2000:]} {done.stderr[-2000:]}")
    return Figures(figures["requests"] / figures["seconds"], figures["p99_us"] / 1000)
