"""Signs in to the server under test, again before the token runs out, which a long run outlives; sends parts of uploads;
asks for live events that are there already, since a stream has no end that a run could wait for."""
import json
import os
import urllib.request

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


# Signing out, or ending sessions, ends the token: what asks for that signs in for each request.
@schemathesis.auth(refresh_interval=None if os.environ.get("CONSTAT_TOKENS") == "each" else 600)
class Token:
    def get(self, case, context):
        request = urllib.request.Request(
            os.environ["CONSTAT_URL"] + "/v1/auth/login",
            data=json.dumps({"email": "admin@demo.test", "password": "constat-demo"}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["access_token"]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.method == "GET" and case.path == "/v1/sync/events":
        query = dict(case.query or {})
        if str(query.get("after", 0)).isdigit():
            case.query = {**query, "after": 0}
