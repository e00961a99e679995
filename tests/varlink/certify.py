#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Goes through org.varlink.certification as a client, and then through what a client must not do.

certify.py SOCKET

It shares no code with the service. One line is printed for each test, and to the file named in $BX_RESULTS goes
verdict, suite, name, seconds, reason. It knows the interface, and how the service of this project behaves where the
protocol leaves it open: in which order things are checked, what closes the connection.
"""

import contextlib
import json
import os
import socket
import sys
import time

NAME = "org.varlink.certification"
SERVICE = "org.varlink.service"
STEPS = [f"Test{i:02}" for i in range(1, 12)] + ["End"]


class Closed(Exception):
    """The service has closed the connection."""


class Failed(Exception):
    """A call was answered with an error: its name, its parameters."""


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def send(self, message):
        self.socket.sendall(json.dumps(message).encode() + b"\0")

    def call(self, method, parameters=None, **flags):
        message = {"method": method, **flags}
        if parameters is not None:
            message["parameters"] = parameters
        self.send(message)

    def receive(self):
        while b"\0" not in self.buffer:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def reply(self):
        """The parameters of a last reply."""
        message = self.receive()
        assert not message.get("continues"), message
        if "error" in message:
            raise Failed(message["error"], message["parameters"])
        return message["parameters"]

    def ask(self, method, parameters=None, **flags):
        self.call(method, parameters, **flags)
        return self.reply()

    def replies(self):
        """The parameters of all replies to a call with `more`."""
        found = []
        while True:
            message = self.receive()
            assert "error" not in message, message
            found.append(message["parameters"])
            if not message.get("continues"):
                return found


def go_through(connection, until="End"):
    """The right sequence up to and with one step; the client's id, and what the next step is to be called with."""
    state = {"client_id": connection.ask(f"{NAME}.Start")["client_id"], "next": {}}
    for step in STEPS[: STEPS.index(until) + 1]:
        parameters = {"client_id": state["client_id"], **state["next"]}
        if step == "Test10":
            connection.call(f"{NAME}.{step}", parameters, more=True)
            state["next"] = {"last_more_replies": [reply["string"] for reply in connection.replies()]}
        elif step == "Test11":
            connection.call(f"{NAME}.{step}", parameters, oneway=True)
            state["next"] = {}
        else:
            state["next"] = connection.ask(f"{NAME}.{step}", parameters)
    return state


def fails(error, connection, method, parameters=None, **flags):
    """The parameters of the error."""
    try:
        reply = connection.ask(method, parameters, **flags)
    except Failed as failure:
        assert failure.args[0] == error, failure
        return failure.args[1]
    raise AssertionError(f"{method} was answered: {reply}")


def closes(connection, data):
    connection.socket.sendall(data)
    try:
        reply = connection.receive()
    except Closed:
        return
    raise AssertionError(f"{data!r} was answered: {reply}")


# ---------------------------------------------------------------- tests


def the_sequence_is_certified(connect):
    state = go_through(connect())
    assert state["next"] == {"all_ok": True}, state


def a_float_may_be_written_as_an_integer(connect):
    connection = connect()
    state = go_through(connection, "Test03")
    assert connection.ask(f"{NAME}.Test04", {"client_id": state["client_id"], "float": 1}) == {"string": "ping"}


def what_is_null_may_be_left_out(connect):
    connection = connect()
    state = go_through(connection, "Test09")
    kind = {name: value for name, value in state["next"]["mytype"].items() if value is not None}
    assert len(kind) == 7, kind
    connection.call(f"{NAME}.Test10", {"client_id": state["client_id"], "mytype": kind}, more=True)
    assert len(connection.replies()) == 10


def clients_do_not_disturb_each_other(connect):
    one, two = connect(), connect()
    first, second = go_through(one, "Test04"), go_through(two, "Test09")
    assert first["client_id"] != second["client_id"]
    # One of them goes on where the other has connected.
    assert two.ask(f"{NAME}.Test05", {"client_id": first["client_id"], **first["next"]})["int"] == 2


def a_client_that_has_ended_is_forgotten(connect):
    connection = connect()
    state = go_through(connection)
    fails(f"{NAME}.ClientIdError", connection, f"{NAME}.End", {"client_id": state["client_id"]})


def a_client_that_has_not_begun_is_refused(connect):
    connection = connect()
    for number, step in enumerate(STEPS):
        for client_id in ("", "x", "0" * 32):
            flags = {"more": True} if number == 9 else {}
            fails(f"{NAME}.ClientIdError", connection, f"{NAME}.{step}", {"client_id": client_id}, **flags)
        for parameters in (None, {}, {"client_id": 1}, {"client_id": None}, {"client_id": [""]}):
            wrong = fails(f"{SERVICE}.InvalidParameter", connection, f"{NAME}.{step}", parameters)
            assert wrong == {"parameter": "client_id"}, wrong


def a_step_out_of_order_is_refused(connect):
    connection = connect()
    state = go_through(connection, "Test03")
    client = {"client_id": state["client_id"]}
    for step in STEPS:
        if step != "Test04":
            wrong = fails(f"{NAME}.CertificationError", connection, f"{NAME}.{step}", {**client, "bool": True})
            assert wrong == {"wants": {"method": "Test04"}, "got": {"method": step}}, wrong
    # The right one is still awaited.
    assert connection.ask(f"{NAME}.Test04", {**client, **state["next"]}) == {"string": "ping"}


def wrong_values_are_refused(connect):
    connection = connect()
    for step, (name, wrong) in {
        "Test02": ("bool", [False, None, 1, "true"]),
        "Test03": ("int", [0, 2, -1, 1.5, "1", True]),
        "Test04": ("float", [1.0000001, "1.0", None]),
        "Test05": ("string", ["", "pin", "ping ", "Ping", ["ping"]]),
        "Test06": ("float", [3.14, 3, 3.1415926535897936]),
        "Test07": ("struct", [{}, None, [], {"bool": False}]),
        "Test08": ("map", [{}, {"foo": "Foo"}, {"foo": "Foo", "bar": "bar"}, [["foo", "Foo"], ["bar", "Bar"]]]),
        "Test09": ("set", [{}, {"one": {}, "two": {}}, {"one": {}, "two": {}, "four": {}}, ["one", "two", "three"]]),
    }.items():
        state = go_through(connection, STEPS[STEPS.index(step) - 1])
        right = {"client_id": state["client_id"], **state["next"]}
        for value in wrong:
            got = {**right, name: value}
            said = fails(f"{NAME}.CertificationError", connection, f"{NAME}.{step}", got)
            assert said == {"wants": right, "got": got}, said
        fails(f"{NAME}.CertificationError", connection, f"{NAME}.{step}", {**right, "extra": 1})
        connection.ask(f"{NAME}.{step}", right)


def wrong_values_within_a_type_are_refused(connect):
    connection = connect()
    state = go_through(connection, "Test09")
    kind = state["next"]["mytype"]
    for name, value in {
        "object": {},
        "enum": "one",
        "struct": {"first": 1, "second": 2},
        "array": ["one", "three", "two"],
        "dictionary": {"foo": "Foo", "bar": "Bar", "baz": "Baz"},
        "stringset": {"one": {}, "two": {}, "three": {"x": 1}},
        "nullable": "",
        "nullable_array_struct": [],
        "interface": {"foo": None, "anon": {"foo": True, "bar": False}},
    }.items():
        assert name in kind
        wrong = {"client_id": state["client_id"], "mytype": {**kind, name: value}}
        fails(f"{NAME}.CertificationError", connection, f"{NAME}.Test10", wrong, more=True)


def more_is_expected_where_more_is_given(connect):
    connection = connect()
    state = go_through(connection, "Test09")
    parameters = {"client_id": state["client_id"], **state["next"]}
    assert fails(f"{SERVICE}.ExpectedMore", connection, f"{NAME}.Test10", parameters) == {}
    connection.call(f"{NAME}.Test10", parameters, more=True)
    assert [reply["string"] for reply in connection.replies()] == [f"Reply number {i}" for i in range(1, 11)]


def what_is_wrong_with_a_oneway_call_is_said_at_the_end(connect):
    for wrong in ({"last_more_replies": []}, {"last_more_replies": [f"Reply number {i}" for i in range(10)]}):
        connection = connect()
        state = go_through(connection, "Test10")
        connection.call(f"{NAME}.Test11", {"client_id": state["client_id"], **wrong}, oneway=True)
        fails(f"{NAME}.CertificationError", connection, f"{NAME}.End", {"client_id": state["client_id"]})
    # And one that is not oneway is none.
    connection = connect()
    state = go_through(connection, "Test10")
    parameters = {"client_id": state["client_id"], **state["next"]}
    fails(f"{NAME}.CertificationError", connection, f"{NAME}.Test11", parameters)


def calls_sent_at_once_are_answered_in_order(connect):
    connection = connect()
    state = go_through(connection, "Test01")
    client = {"client_id": state["client_id"]}
    for step, parameters in (
        ("Test02", {"bool": True}),
        ("Test03", {"int": 1}),
        ("Test04", {"float": 1.0}),
        ("Test05", {"string": "ping"}),
    ):
        connection.call(f"{NAME}.{step}", {**client, **parameters})
    connection.call(f"{SERVICE}.GetInfo")
    assert connection.reply() == {"int": 1}
    assert connection.reply() == {"float": 1.0}
    assert connection.reply() == {"string": "ping"}
    assert connection.reply()["string"] == "a lot of string"
    assert connection.reply()["interfaces"] == [SERVICE, NAME]


def the_service_can_be_introspected(connect):
    connection = connect()
    info = connection.ask(f"{SERVICE}.GetInfo", {})
    assert sorted(info) == ["interfaces", "product", "url", "vendor", "version"], info
    for name in info["interfaces"]:
        text = connection.ask(f"{SERVICE}.GetInterfaceDescription", {"interface": name})["description"]
        assert f"\ninterface {name}\n" in text, text
    for step in STEPS:
        assert f"method {step}(client_id: string" in " ".join(text.split()).replace("( ", "("), step
    wrong = fails(f"{SERVICE}.InterfaceNotFound", connection, f"{SERVICE}.GetInterfaceDescription", {"interface": "a.b"})
    assert wrong == {"interface": "a.b"}, wrong


def what_is_not_there_is_not_found(connect):
    connection = connect()
    wrong = fails(f"{SERVICE}.MethodNotFound", connection, f"{NAME}.Test12")
    assert wrong == {"method": f"{NAME}.Test12"}, wrong
    wrong = fails(f"{SERVICE}.InterfaceNotFound", connection, "org.varlink.nothing.Start")
    assert wrong == {"interface": "org.varlink.nothing"}, wrong
    fails(f"{SERVICE}.MethodNotImplemented", connection, f"{NAME}.Start", upgrade=True)


def what_is_no_call_closes_the_connection(connect):
    start = f'"method":"{NAME}.Start"'.encode()
    for data in (
        b"\0",
        b"[]\0",
        b"GET / HTTP/1.1\r\n\r\n\0",
        b"{}\0",
        b"{%b,%b}\0" % (start, start),
        b"{%b,}\0" % start,
        b'{%b,"parameters":[]}\0' % start,
        b'{%b,"parameters":{"a":NaN}}\0' % start,
        b'{%b,"more":1}\0' % start,
        b'{%b,"other":true}\0' % start,
        b'{%b,"parameters":{"a":"\xff"}}\0' % start,
        b'{%b,"parameters":{"a":%b1%b}}\0' % (start, b"[" * 1000, b"]" * 1000),
    ):
        closes(connect(), data)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        closes(connect(), b" " * (4 << 20))


TESTS = [
    the_sequence_is_certified,
    a_float_may_be_written_as_an_integer,
    what_is_null_may_be_left_out,
    clients_do_not_disturb_each_other,
    a_client_that_has_ended_is_forgotten,
    a_client_that_has_not_begun_is_refused,
    a_step_out_of_order_is_refused,
    wrong_values_are_refused,
    wrong_values_within_a_type_are_refused,
    more_is_expected_where_more_is_given,
    what_is_wrong_with_a_oneway_call_is_said_at_the_end,
    calls_sent_at_once_are_answered_in_order,
    the_service_can_be_introspected,
    what_is_not_there_is_not_found,
    what_is_no_call_closes_the_connection,
]


def run(test, path):
    """None, or what went wrong."""
    connections = []

    def connect():
        connections.append(Connection(path))
        return connections[-1]

    try:
        test(connect)
    except Closed:
        return "the service closed the connection"
    except (AssertionError, Failed, OSError, KeyError, ValueError) as error:
        return " ".join(f"{type(error).__name__}: {error}".split())[:300]
    finally:
        for connection in connections:
            connection.close()
    return None


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: certify.py SOCKET")
    failed = 0
    for test in TESTS:
        started = time.monotonic()
        wrong = run(test, sys.argv[1])
        failed += wrong is not None
        seconds = time.monotonic() - started
        print(f"  {'fail' if wrong else 'pass'} varlink/{test.__name__}{f': {wrong}' if wrong else ''}", flush=True)
        if os.environ.get("BX_RESULTS"):
            with open(os.environ["BX_RESULTS"], "a", encoding="utf-8") as results:
                verdict = "fail" if wrong else "pass"
                results.write(f"{verdict}\tvarlink\t{test.__name__}\t{seconds:.2f}\t{wrong or ''}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
