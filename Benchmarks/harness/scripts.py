"""Turns recorded round trips into pgbench scripts."""

import json
import re
import time

# What the recorded push carried, and pgbench replaces by values that differ each time. The value differs from run to
# run, since an edit that changes nothing writes nothing.
VALUE_MARK = f"4242{time.time_ns() // 1_000_000:014d}"
SEQUENCE_BASE = 70_000_000_000_000
SEQUENCE = re.compile(r"7000000000(\d{4})")
COLON_NAME = re.compile(r"(?<!:):[A-Za-z_]")


def literal(text):
    """Text as a string constant. pgbench looks for :name even inside quotes, so colons are escaped."""
    quoted = text.replace("'", "''")
    if ":" in text:
        return "E'" + quoted.replace("\\", "\\\\").replace(":", "\\x3a") + "'"
    # A backslash is itself in a plain literal.
    return "'" + quoted + "'"


def constant(parameter):
    kind, text = parameter
    cast = f"::{kind}" if kind else ""
    return f"NULL{cast}" if text is None else literal(text) + cast


def varying(parameter):
    """As `constant`, with the marks replaced by pgbench's variables."""
    kind, text = parameter
    if text is None or (VALUE_MARK not in text and not SEQUENCE.search(text)):
        return constant(parameter)
    if SEQUENCE.fullmatch(text):
        return f":s{int(SEQUENCE.fullmatch(text)[1])}::int8"
    parts = []
    for piece in re.split(rf"({VALUE_MARK}|{SEQUENCE.pattern.replace('(', '(?:')})", text):
        if piece == VALUE_MARK:
            parts.append(":v")
        elif SEQUENCE.fullmatch(piece):
            parts.append(f":s{int(SEQUENCE.fullmatch(piece)[1])}")
        elif piece:
            parts.append(literal(piece))
    return "(" + " || ".join(parts) + ")" + (f"::{kind}" if kind else "")


def rendered(statement, render=constant):
    if COLON_NAME.search(statement.text):
        raise ValueError(f"pgbench would take a part of this SQL for a variable: {statement.text}")
    return re.sub(r"\$(\d+)", lambda found: render(statement.parameters[int(found[1]) - 1]), statement.text)


def pipeline(statements):
    """Statements of one round trip."""
    return "\\startpipeline\n" + "".join(one + ";\n" for one in statements) + "\\endpipeline\n"


def same(trips):
    """The script that does what the API did."""
    return "".join(pipeline([rendered(one) for one in trip]) for trip in trips)


def bare(trips):
    """The last statement alone: for a role that passes through row-level security, without credentials."""
    return rendered(trips[-1][-1]) + ";\n"


def aggregated(trips, columns):
    """The API's list made to JSON by PostgreSQL: the same rows and columns, authenticated likewise."""
    *before, page = [rendered(one) for one in trips[-1]]
    names = ", ".join(f'"{name}"' for name in columns)
    json = f"SELECT json_agg(r) FROM (SELECT {names} FROM (\n{page}\n) AS page LIMIT 100) AS r"
    return pipeline([*before, json])


def open_version(statement):
    """A row's expected version is left open (NULL), since that of the recording is past."""
    if "system.expect(" in statement.text:
        statement.parameters[:] = [
            (kind, text and re.sub(r'"version":\d+', '"version":null', text)) for kind, text in statement.parameters]
    return statement


def push(trips):
    """A recorded push with other values and other places in the journal each time."""
    return push_header(trips) + "".join(
        pipeline([rendered(open_version(one), varying) for one in trip]) for trip in trips)


def once_more(trips):
    """The same round trips, with other values and other places in the journal: a push that can be tried after it was
    recorded."""
    for statement in (open_version(one) for trip in trips for one in trip):
        statement.parameters[:] = [
            (kind, text and SEQUENCE.sub(r"7000000001\1", text.replace(VALUE_MARK, VALUE_MARK[::-1])))
            for kind, text in statement.parameters]
    return trips


def push_header(trips):
    """The values and places that differ each time."""
    header = "\\set base random(1, 900000000000) * 10000 + 100000000000000\n\\set v random(1, 1000000000000)\n"
    marked = [parameter[1] or "" for trip in trips for one in trip for parameter in one.parameters]
    used = sorted({int(mark) for text in marked for mark in SEQUENCE.findall(text)})
    return header + "".join(f"\\set s{number} :base + {number}\n" for number in used)


def one_by_one(trips, edits):
    """The effects of a recorded push, each statement a round trip of its own, each edit its own update and result."""
    opening = [rendered(one, varying) for one in trips[0]]
    settlement, = [one for trip in trips for one in trip if "system.device_result" in one.text and "WITH" in one.text]
    organization, device = settlement.parameters[1], settlement.parameters[2]
    results = next(json.loads(text) for kind, text in settlement.parameters if kind == "jsonb")
    statements = list(opening)
    for type, id, _, name, kind, _ in edits:
        changed = ("jsonb", json.dumps({name: f"{kind} {VALUE_MARK}"}))
        statements.append(f"SELECT system.update_row('{type}', '{id}', NULL, {varying(changed)})")
    statements.append("SET CONSTRAINTS ALL IMMEDIATE")
    for result in results:
        statements.append(
            "INSERT INTO system.device_result (organization_id, device_id, sequence, payload_hash, mutation, result)"
            f" SELECT {constant(organization)}, {constant(device)}, r.sequence, decode(r.hash, 'hex'), r.mutation, r.result"
            f" FROM jsonb_to_recordset({varying(('jsonb', json.dumps([result], ensure_ascii=False)))})"
            " AS r (sequence bigint, hash text, mutation jsonb, result jsonb)")
    statements.append(
        f"UPDATE system.device_journal SET last_sequence = :s{len(results)}, last_seen_at = now()"
        f" WHERE organization_id = {constant(organization)} AND device_id = {constant(device)}")
    return push_header(trips) + "".join(one + ";\n" for one in statements + ["COMMIT"])
