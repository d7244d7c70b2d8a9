"""A file that is read again when it has changed, and never trusted to stay good."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from auth.clocks import Clock

from fullon_cache_api.auth.principal import AuthError
from fullon_cache_api.auth.watched_file import LOOK_EVERY, WatchedFile

Reports = list[tuple[str, str | None]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("one")
    return path


def read(path: Path) -> str:
    try:
        text = path.read_text()
    except OSError as error:
        raise AuthError(str(path), str(error.strerror)) from None
    if text.startswith("bad"):
        raise AuthError(str(path), text)
    return text


def watch(file: Path, reader: Callable[[Path], str] = read) -> tuple[WatchedFile[str], Clock, Reports]:
    clock, reports = Clock(), Reports()
    return WatchedFile(file, reader, lambda *report: reports.append(report), clock), clock, reports


def replace(file: Path, text: str) -> None:
    """Put a text in the file's place at once, as an editor or a command does."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def test_a_change_is_seen_after_a_second_and_not_before(file: Path) -> None:
    watched, clock, reports = watch(file)
    assert LOOK_EVERY == 1.0
    assert watched.value == "one"
    replace(file, "two")
    clock.passes(0.999)
    assert watched.value == "one"
    clock.passes(0.001)
    assert watched.value == "two"
    assert reports == []


def test_a_file_is_looked_at_once_a_second_however_often_it_is_asked_for(file: Path) -> None:
    watched, clock, _ = watch(file)
    clock.passes(1)
    assert watched.value == "one"
    replace(file, "two")
    clock.passes(0.9)
    assert watched.value == "one"
    clock.passes(0.1)
    assert watched.value == "two"


def test_a_file_that_has_not_changed_is_not_read_again(file: Path) -> None:
    times = 0

    def count(path: Path) -> str:
        nonlocal times
        times += 1
        return read(path)

    watched, clock, _ = watch(file, count)
    for _ in range(5):
        clock.passes(2)
        assert watched.value == "one"
    assert times == 1


def test_an_edit_in_place_is_seen(file: Path) -> None:
    watched, clock, _ = watch(file)
    file.write_text("three")
    clock.passes(1)
    assert watched.value == "three"


def test_a_change_that_keeps_size_and_time_is_seen_by_the_file_being_another(file: Path) -> None:
    watched, clock, _ = watch(file)
    before = file.stat()
    new = file.with_suffix(".new")
    new.write_text("two")
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(file)
    clock.passes(1)
    assert watched.value == "two"


@pytest.mark.parametrize("break_", [lambda file: replace(file, "bad"), lambda file: file.unlink()])
def test_a_new_file_that_cannot_be_used_leaves_the_last_good_one_and_is_told_once(
    file: Path, break_: Callable[[Path], None]
) -> None:
    watched, clock, reports = watch(file)
    break_(file)
    for _ in range(3):
        clock.passes(1)
        assert watched.value == "one"
    reason = "bad" if file.exists() else "No such file or directory"
    assert reports == [(str(file), reason)]
    replace(file, "two")
    clock.passes(1)
    assert watched.value == "two"
    assert reports == [(str(file), reason), (str(file), None)]
    clock.passes(1)
    assert watched.value == "two"
    assert len(reports) == 2


def test_another_mistake_is_told_too(file: Path) -> None:
    watched, clock, reports = watch(file)
    for text in ("bad 1", "bad 2"):
        replace(file, text)
        clock.passes(1)
        assert watched.value == "one"
    assert reports == [(str(file), "bad 1"), (str(file), "bad 2")]


def test_what_could_not_be_read_is_read_again_though_nothing_of_it_has_changed(file: Path) -> None:
    is_broken = False

    def flaky(path: Path) -> str:
        if is_broken:
            raise AuthError(str(path), "too many open files")
        return read(path)

    watched, clock, reports = watch(file, flaky)
    is_broken = True
    replace(file, "two")
    clock.passes(1)
    assert watched.value == "one"
    is_broken = False
    clock.passes(1)
    assert watched.value == "two"
    assert reports == [(str(file), "too many open files"), (str(file), None)]


def test_a_file_that_cannot_be_used_at_first_is_an_error(file: Path) -> None:
    file.write_text("bad")
    with pytest.raises(AuthError, match="bad"):
        watch(file)
