# SPDX-License-Identifier: GPL-2.0-or-later
"""varlink.py [--more] SOCKET METHOD [PARAMETERS]: one call; its replies, a line each. Exits with 1 for an error."""

import json
import socket
import sys

arguments = sys.argv[1:]
more = arguments[0] == "--more"
path, method, *parameters = arguments[more:]
message = {"method": method, "parameters": json.loads(parameters[0]) if parameters else {}}
if more:
    message["more"] = True
connection = socket.socket(socket.AF_UNIX)
connection.connect(path)
connection.sendall(json.dumps(message).encode() + b"\0")
data = b""
while True:
    while b"\0" not in data:
        received = connection.recv(1 << 16)
        if not received:
            sys.exit("the connection was closed")
        data += received
    reply, _, data = data.partition(b"\0")
    reply = json.loads(reply)
    if "error" in reply:
        sys.exit(f"{reply['error']} {json.dumps(reply.get('parameters'))}")
    print(json.dumps(reply.get("parameters")), flush=True)
    if not reply.get("continues"):
        break
