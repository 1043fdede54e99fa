"""One round of sync over a bad network. Arguments: the client's file, events in a page, and `lose` to lose the first push's
answer: the server has settled it, the client never learns so.

Prints how it ended, then how many pages came, and how many requests and answers were packed.
"""

import sys

import sync_client
from sync_client import Client, Later, ending

file, page, *rest = sys.argv[1:]
sync_client.PAGE = int(page)
client = Client(file)
through, paths, loses = client.transport, [], rest == ["lose"]


def lossy(path, body, token=None):
    global loses
    answer = through(path, body, token)
    paths.append(path)
    if loses and path == "/v1/sync/push":
        loses = False
        raise Later("lost on its way")
    return answer


client.transport = lossy
print(ending(client.sync))
print(paths.count("/v1/sync/pull"))
print(through.packed_requests)
print(through.packed_answers)
