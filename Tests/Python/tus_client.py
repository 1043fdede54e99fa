"""Uploads a file with the stock client tuspy, is cut in the middle of a part, and goes on in another client.

Arguments: server address, bearer token, file, media type, bytes after which to cut. Prints the upload's path, then the
offset that the server had after the cut, then the offset at the end.
"""

import hashlib
import os
import socket
import sys
from urllib.parse import urlsplit

from tusclient.client import TusClient

address, token, path, media_type, cut = sys.argv[1:6]
with open(path, "rb") as file:
    content = file.read()
part = 1 << 20
authorization = {"Authorization": f"Bearer {token}"}


def client():
    return TusClient(f"{address}/v1/uploads", headers=authorization)


first = client().uploader(
    path,
    chunk_size=part,
    metadata={
        "sha256": hashlib.sha256(content).hexdigest(),
        "type": media_type,
        "filename": os.path.basename(path),
    },
    upload_checksum=True,
)
first.upload(stop_at=int(cut))
url = urlsplit(first.url)
print(url.path, flush=True)

# The next part breaks off after half of it: the connection is gone, no answer comes.
with socket.create_connection((url.hostname, url.port)) as connection:
    head = (
        f"PATCH {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Tus-Resumable: 1.0.0\r\nUpload-Offset: {cut}\r\nContent-Type: application/offset+octet-stream\r\n"
        f"Content-Length: {part}\r\n\r\n"
    )
    connection.sendall(head.encode() + content[int(cut) : int(cut) + part // 2])

second = client().uploader(path, url=first.url, chunk_size=part, upload_checksum=True)
print(second.offset, flush=True)
second.upload()
print(second.get_offset(), flush=True)
