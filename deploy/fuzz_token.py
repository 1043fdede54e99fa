"""Signs in to the server under test, again before the token runs out, which a long run outlives; sends parts of uploads."""
import json
import os
import urllib.request

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.auth(refresh_interval=600)
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
