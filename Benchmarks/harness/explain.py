"""The plans of what the API executes, nested statements of functions and triggers included."""

import os
import re
import subprocess
import tempfile

from . import scripts
from .cluster import SESSION
from .recorder import Recorder

# A sequential scan of fewer rows than this is what the planner should choose.
SMALL = 1000

PREAMBLE = """
\\set ON_ERROR_STOP on
LOAD 'auto_explain';
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_analyze = on;
SET auto_explain.log_buffers = on;
SET auto_explain.log_level = notice;
SET auto_explain.log_min_duration = -1;
SET ROLE constat_app;
"""


def script(trips):
    """Each statement prepared; those that only read are executed once planned, then all are explained."""
    text = PREAMBLE
    number, is_open = 0, False
    for trip in trips:
        is_implicit = not is_open and not trip[0].text.startswith("BEGIN")
        is_open = is_open or not is_implicit
        text += "BEGIN;\n" if is_implicit else ""
        for statement in trip:
            if statement.text.split()[0] in ("BEGIN", "COMMIT", "SET"):
                # A recorded write is tried, not kept.
                text += ("ROLLBACK" if statement.text == "COMMIT" else statement.text) + ";\n"
                continue
            number += 1
            types = ", ".join(kind or "unknown" for kind, _ in statement.parameters)
            values = ", ".join(scripts.constant(one) for one in statement.parameters)
            execute = f"EXECUTE s{number}" + (f" ({values})" if values else "") + ";\n"
            text += f"PREPARE s{number}{f' ({types})' if types else ''} AS {statement.text};\n"
            if not writes(statement):
                text += execute
            text += f"SET auto_explain.log_min_duration = 0;\n{execute}SET auto_explain.log_min_duration = -1;\n"
        text += "ROLLBACK;\n" if is_implicit else ""
    # The superuser loads auto_explain and then acts as the role that serves; SET needs no more than that.
    return text.replace("SET auto_explain.log_min_duration", "RESET ROLE; SET auto_explain.log_min_duration") \
        .replace("log_min_duration = 0;\n", "log_min_duration = 0; SET ROLE constat_app;\n") \
        .replace("log_min_duration = -1;\n", "log_min_duration = -1; SET ROLE constat_app;\n")


def writes(statement):
    return bool(re.search(r"\b(INSERT|UPDATE|DELETE)\b|system\.(insert|update|delete)_row", statement.text))


def plans(cluster, trips):
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script(trips))
        file.flush()
        done = subprocess.run(["psql", "-X", "-q", "-h", str(cluster.directory), "-U", "postgres", "-d", "constat",
                               "-o", "/dev/null", "-f", file.name], capture_output=True, text=True,
                              env={**os.environ, "PGOPTIONS": SESSION})
    if done.returncode != 0:
        raise SystemExit(done.stderr[-3000:])
    found = re.split(r"^(?:psql:\S+ )?NOTICE:  duration: ", done.stderr, flags=re.M)
    return [one for one in found[1:] if "Query Text:" in one]


def report(cluster, workloads, make_server):
    """Prints every plan; 1 when one scans a large table sequentially."""
    sizes = {name: int(rows) for name, rows in cluster.sql("SELECT relname, reltuples::bigint FROM pg_class")}
    recorder = Recorder(make_server.place, cluster.directory)
    server = make_server(make_server.place)
    try:
        recorded = [
            ("point read", workloads.record(recorder, server, workloads.points(1))[0]),
            ("list of 100", workloads.record(recorder, server, workloads.lists()[:1])[0]),
            ("idle pull", workloads.record(recorder, server, workloads.idle_pulls(1))[0]),
            ("pull of 500", workloads.record(recorder, server, workloads.full_pulls()[:1])[0]),
            ("near pull", workloads.record_near_pull(recorder, server)),
            ("push of 10", scripts.once_more(workloads.record_pushes(recorder, server, 1)[0])),
        ]
    finally:
        server.stop()
        recorder.close()
    faults = []
    for name, trips in recorded:
        for plan in plans(cluster, trips):
            print(f"── {name}: {plan}")
            for table in re.findall(r"Seq Scan on (\w+)", plan):
                if sizes.get(table, 0) >= SMALL:
                    faults.append(f"{name}: sequential scan of {table} ({sizes[table]} rows)")
    print("\n".join(faults) if faults else "No sequential scan of a large table.")
    return 1 if faults else 0
