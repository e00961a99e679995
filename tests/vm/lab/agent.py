# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's end of the frames that tests/vm/guest/agent.c describes."""

import struct

EXEC, INPUT, SIZE = b"X", b"I", b"W"
UP, STDOUT, STDERR, STATUS = b"U", b"O", b"E", b"S"

INPUT_MAX = 64 * 1024


def frame(kind, payload=b""):
    return kind + struct.pack("<I", len(payload)) + payload


def exec_frame(argv, terminal=None):
    rows, columns = terminal or (0, 0)
    arguments = b"".join(a.encode(errors="surrogateescape") + b"\0" for a in argv)
    return frame(EXEC, struct.pack("<BHH", terminal is not None, rows, columns) + arguments)


class Reader:
    """Takes bytes as they come, gives whole frames."""

    def __init__(self):
        self.buffer = b""

    def feed(self, data):
        self.buffer += data
        while len(self.buffer) >= 5:
            (size,) = struct.unpack_from("<I", self.buffer, 1)
            if len(self.buffer) < 5 + size:
                return
            kind, payload = self.buffer[:1], self.buffer[5:5 + size]
            self.buffer = self.buffer[5 + size:]
            yield kind, payload
