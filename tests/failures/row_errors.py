"""Redis answers, and refuses: passwords, rights, and what nodes of a cluster say of others' keys."""

import re
from collections.abc import AsyncIterator, Callable

from failures.stage import UNAVAILABLE, WELL, Failure, Stage, is_refused, wait

REFUSES = "503, at once"
_COMMAND = re.compile(rb"\*[0-9]+\r\n\$")
USER = ("--user", "reader", "on", ">secret", "~*", "+@all")


def as_reader(stage: Stage) -> str:
    return f"redis://reader:secret@127.0.0.1:{stage.proxy.port}/0"


def acl(*rules: str, cut: bool, back: tuple[str, ...]) -> Callable[[Stage], AsyncIterator[None]]:
    """Change the user's rules while the gateway runs, and change them back."""

    async def make(stage: Stage) -> AsyncIterator[None]:
        desk = stage.desk()
        desk.execute_command("ACL", *rules)
        if cut:
            stage.proxy.cut()
        yield
        desk.execute_command("ACL", *back)

    return make


def replies(text: str) -> Callable[[Stage], AsyncIterator[None]]:
    """Have every command answered by an error."""

    async def make(stage: Stage) -> AsyncIterator[None]:
        error = f"-{text}\r\n".encode()
        stage.proxy.respond = lambda commands: error * len(_COMMAND.findall(commands))
        yield
        stage.proxy.respond = None

    return make


async def no_slots(stage: Stage) -> AsyncIterator[None]:
    desk = stage.desk()
    desk.execute_command("CLUSTER", "DELSLOTSRANGE", 0, 16383)
    wait(lambda: is_refused(desk, "get", "x"))
    yield
    add_slots(stage)


def add_slots(stage: Stage) -> None:
    desk = stage.desk()
    desk.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    wait(lambda: "ok" in str(desk.cluster("INFO")["cluster_state"]))


def with_slots(stage: Stage) -> None:
    add_slots(stage)
    stage.fill()


SECRET = ("SETUSER", "reader", "resetpass", ">secret")
FAILURES = (
    Failure(
        "The password is wrong from the start",
        (UNAVAILABLE,),
        REFUSES,
        1,
        1,
        acl("SETUSER", "reader", "resetpass", ">other", cut=False, back=SECRET),
        args=USER,
        url=as_reader,
        starts_well=False,
    ),
    Failure(
        "The password is changed, connections stay",
        (WELL,),
        "200: Redis asks a connection for its password once",
        1,
        1,
        acl("SETUSER", "reader", "resetpass", ">other", cut=False, back=SECRET),
        args=USER,
        url=as_reader,
    ),
    Failure(
        "The password is changed, and connections are lost",
        (UNAVAILABLE,),
        REFUSES,
        1,
        1,
        acl("SETUSER", "reader", "resetpass", ">other", cut=True, back=SECRET),
        args=USER,
        url=as_reader,
    ),
    Failure(
        "The user is deleted (ACL DELUSER)",
        (UNAVAILABLE,),
        REFUSES,
        1,
        1,
        acl("DELUSER", "reader", cut=False, back=("SETUSER", "reader", *USER[2:])),
        args=USER,
        url=as_reader,
    ),
    Failure(
        "A right is taken away (NOPERM)",
        (WELL, UNAVAILABLE),
        "503, at once, for the reads that need it",
        1,
        1,
        acl("SETUSER", "reader", "-hget", "-hmget", cut=False, back=("SETUSER", "reader", "+hget", "+hmget")),
        args=USER,
        url=as_reader,
    ),
    *(
        Failure(name, (UNAVAILABLE,), REFUSES, 1, 1, replies(text))
        for name, text in {
            "Every reply is -OOM": "OOM command not allowed when used memory > 'maxmemory'.",
            "Every reply is -READONLY": "READONLY You can't write against a read only replica.",
            "A node of a cluster: MOVED": "MOVED 3999 127.0.0.1:6381",
            "A node of a cluster: ASK": "ASK 3999 127.0.0.1:6381",
            "A node of a cluster: TRYAGAIN": "TRYAGAIN Multiple keys request during rehashing of slot",
        }.items()
    ),
    Failure(
        "A cluster that has lost slots (CLUSTERDOWN)",
        (UNAVAILABLE,),
        REFUSES,
        1,
        1,
        no_slots,
        args=("--cluster-enabled", "yes"),
        before=with_slots,
    ),
)
