"""Signs in to the server under test, again before the token runs out, which a long run outlives; sends parts of uploads;
asks for live events that are there already, since a stream has no end that a run could wait for.

CONSTAT_CALLER says who asks: `staff`, `once` (staff with a token of its own for each request, where requests end it),
`device` or `client`.
"""
import json
import os
import urllib.error
import urllib.request
import uuid

import schemathesis

CALLER = os.environ.get("CONSTAT_CALLER", "staff")
PASSWORD = "constat-demo"

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


def ask(method, path, body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if method == "POST":
        headers["Idempotency-Key"] = str(uuid.uuid4())
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["CONSTAT_URL"] + path, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def signed_in(email, password=PASSWORD):
    return ask("POST", "/v1/auth/login", {"email": email, "password": password})["access_token"]


def device():
    enrolled = ask("POST", "/v1/devices", {"name": "Fuzz"}, signed_in("marc@demo.test"))
    return ask("POST", f"/v1/devices/{enrolled['id']}/token", {"secret": enrolled["secret"]})["access_token"]


def client():
    """A contact with an account, which is opened the first time."""
    email, password = "fuzz@client.test", "constat-demo-client"
    admin = signed_in("admin@demo.test")
    try:
        contact = ask("GET", "/v1/contacts?limit=1", token=admin)["items"][0]["id"]
        ask("POST", f"/v1/contacts/{contact}/account", {"email": email, "password": password}, admin)
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
    return signed_in(email, password)


@schemathesis.auth(refresh_interval=None if CALLER == "once" else 600)
class Token:
    def get(self, case, context):
        return device() if CALLER == "device" else client() if CALLER == "client" else signed_in("admin@demo.test")

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.method == "GET" and case.path == "/v1/sync/events":
        query = dict(case.query or {})
        if str(query.get("after", 0)).isdigit():
            case.query = {**query, "after": 0}
