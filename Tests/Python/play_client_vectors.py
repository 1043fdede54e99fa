"""Plays `conformance/client` against `sync_client.py`. Argument: the folder.

Prints a line for each vector: `holds`, or the first difference. Then each vector again, once for every value that it
expects with that value replaced: prints how many were, and the first that nobody would have noticed.
"""

import json
import os
import sys
import tempfile

from sync_client import Client, Later, ending

DEVICE = "0199a3c0-0000-7000-8000-0000000000a1"


def difference(expected, actual, place=""):
    """Where what is there is not what was expected (docs/sync.md, Conformance vectors); None where it is."""
    if isinstance(expected, dict):
        if len(expected) == 1 and next(iter(expected)).startswith("@"):
            return comparison(*next(iter(expected.items())), actual, place)
        if not isinstance(actual, dict):
            return f"{place} is {actual!r}"
        for name, value in expected.items():
            if value == "@absent":
                if name in actual:
                    return f"{place}/{name} is there"
            elif name not in actual:
                return f"{place}/{name} is not there"
            elif found := difference(value, actual[name], f"{place}/{name}"):
                return found
        return None
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return f"{place} is {actual!r}, expected {len(expected)} items"
        for index, item in enumerate(expected):
            if found := difference(item, actual[index], f"{place}/{index}"):
                return found
        return None
    if expected == "@any":
        return None
    kinds = {"@string": str, "@integer": int, "@boolean": bool, "@object": dict, "@instant": str, "@cursor": str, "@uuid": str}
    if isinstance(expected, str) and expected in kinds:
        return None if isinstance(actual, kinds[expected]) else f"{place} is {actual!r}, expected {expected}"
    is_same = expected == actual and isinstance(expected, bool) == isinstance(actual, bool)
    return None if is_same else f"{place} is {actual!r}, expected {expected!r}"


def comparison(name, expected, actual, place):
    def fits(item, value):
        return difference(item, value) is None

    if name == "@contains":
        missing = [item for item in expected if not any(fits(item, value) for value in actual)]
        return f"{place} has no item like {missing[0]!r}" if missing else None
    if name == "@lacks":
        found = [item for item in expected if any(fits(item, value) for value in actual)]
        return f"{place} has an item like {found[0]!r}" if found else None
    if name == "@only":
        more = set(actual) - set(expected)
        return f"{place} has also {sorted(more)}" if more else difference(expected, actual, place)
    if name == "@not":
        return f"{place} is {actual!r}" if fits(expected, actual) else None
    if name in ("@above", "@least"):
        well = actual > expected if name == "@above" else actual >= expected
        return None if well else f"{place} is {actual!r}, expected {name} {expected!r}"
    return f"{place}: {name} is no matcher"


class Script:
    """The server of one round: answers what the vector says, and notes what it was asked otherwise."""

    def __init__(self):
        self.exchanges, self.next, self.fault = [], 0, None

    def begin(self, exchanges):
        self.exchanges, self.next, self.fault = exchanges, 0, None

    def __call__(self, path, body, token=None):
        if path.endswith("/token"):
            return 200, {"access_token": "t", "token_type": "Bearer", "expires_in": 900}
        if self.next == len(self.exchanges):
            self.fault = self.fault or f"/{self.next}: nothing more was expected, got {path}"
            raise Later("the script is over")
        exchange = self.exchanges[self.next]
        asked = {"path": path, "body": json.loads(body)}
        self.fault = self.fault or difference(exchange["request"], asked, f"/{self.next}/request")
        self.next += 1
        if "answer" not in exchange:
            raise Later("lost")
        return exchange["answer"]["status"], exchange["answer"]["body"]

    def difference(self):
        if self.fault or self.next == len(self.exchanges):
            return self.fault
        return f"/{self.next} was never asked for"


def prepare(client, given):
    client.keep(server="https://constat.example", device=DEVICE, technician="t", secret="s", next=1)
    checkpoint = given.get("checkpoint", {})
    if checkpoint:
        client.keep(epoch=checkpoint["epoch"], v=checkpoint["v"], cursor=checkpoint["cursor"])
    for row in checkpoint.get("rows", []):
        kept = {name: row[name] for name in ("v", "born", "fields", "fv")}
        client.db.execute("INSERT INTO row VALUES (?, ?, ?)", [row["type"], row["id"], json.dumps(kept)])
    for page in given.get("staging", []):
        client.db.execute("INSERT INTO staged (page) VALUES (?)", [json.dumps(page)])
    for entry in given.get("journal", []):
        seq = entry["mutation"]["seq"]
        client.db.execute(
            "INSERT INTO journal (seq, mutation) VALUES (?, ?)", [seq, json.dumps(entry["mutation"])]
        )
        client.keep(next=seq + 1)
        if "answer" in entry:
            epoch = entry.get("epoch", checkpoint.get("epoch"))
            client.acknowledge({"epoch": epoch, "results": [entry["answer"]]})


def play(vector):
    """The first difference; None where the client does as the vector says."""
    with tempfile.TemporaryDirectory() as directory:
        file, script = os.path.join(directory, "device.sqlite"), Script()
        client = Client(file, script, synchronous="OFF")
        prepare(client, vector["given"])
        for index, round in enumerate(vector["rounds"]):
            client.db.close()
            client = Client(file, script, synchronous="OFF")
            place = f"/rounds/{index}"
            if "exchanges" in round:
                script.begin(round["exchanges"])
                ended = ending(client.compare if round.get("compares") else client.sync)
                if fault := script.difference():
                    return f"{place}/exchanges{fault}"
                if ended != round.get("ends", "done"):
                    return f"{place}/ends is {ended}"
            if fault := difference(round.get("then", {}), client.state(), f"{place}/then"):
                return fault
        client.db.close()
    return None


def mutants(expected):
    """The expectation with one of its values replaced, for each of them that says something."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            if name not in ("@lacks", "@not"):
                yield from ({**expected, name: mutant} for mutant in mutants(value))
    elif isinstance(expected, list):
        for index, item in enumerate(expected):
            yield from (expected[:index] + [mutant] + expected[index + 1 :] for mutant in mutants(item))
    elif expected != "@any":
        yield "neither this nor that"


def mutated(vector):
    for number, round in enumerate(vector["rounds"]):

        def having(changed):
            return {**vector, "rounds": vector["rounds"][:number] + [changed] + vector["rounds"][number + 1 :]}

        for mutant in mutants(round.get("then", {})):
            yield having({**round, "then": mutant})
        exchanges = round.get("exchanges", [])
        for index, exchange in enumerate(exchanges):
            for mutant in mutants(exchange["request"]):
                changed = {**exchange, "request": mutant}
                yield having({**round, "exchanges": exchanges[:index] + [changed] + exchanges[index + 1 :]})


def main(folder):
    replaced, unnoticed = 0, None
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            vector = json.load(file)
        fault = play(vector)
        print(f"{name}: {fault or 'holds'}", flush=True)
        for mutant in mutated(vector):
            replaced += 1
            if not unnoticed and play(mutant) is None:
                unnoticed = f"{name}: {json.dumps(mutant['rounds'])}"
    print(f"{replaced} replaced")
    print(f"unnoticed: {unnoticed}")


main(sys.argv[1])
