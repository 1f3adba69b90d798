"""What is no regular file is refused before it is opened."""

import os
import socket

import pytest

from weishang.kernels.io import regular_files


def test_a_file_and_a_link_to_it_have_their_size(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    (tmp_path / "b").symlink_to(path)
    assert regular_files.check(path, "a file") == 3
    assert regular_files.check(tmp_path / "b", "a file") == 3


def _socket(path):
    socket.socket(socket.AF_UNIX).bind(str(path))


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (lambda path: path.mkdir(), "a: is a folder; give a list"),
        (os.mkfifo, "a: no regular file but a pipe; give a list"),
        (_socket, "a: no regular file but a socket; give a list"),
        (lambda path: path.symlink_to("/dev/zero"), "a: no regular file but a device; give a list"),
        (lambda path: path.symlink_to("a"), "a: Too many levels of symbolic links; give a list"),
        (lambda path: None, "a: No such file or directory; give a list"),
    ],
)
def test_all_else_is_refused(tmp_path, monkeypatch, place, told):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a"
    place(path)
    with pytest.raises(ValueError, match=f"{told}$"):
        regular_files.check(path, "a list")


def test_a_name_with_a_zero_byte_is_told_on_one_line():
    with pytest.raises(ValueError, match=r"'a\\x00b': embedded null byte; give a list"):
        regular_files.check("a\0b", "a list")
