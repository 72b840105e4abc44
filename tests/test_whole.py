"""Files that are there whole or not at all."""

import os

import pytest

from drln.whole import LEFT_SECONDS, remove_left_partials, write_whole


def test_a_file_is_replaced_by_the_new_content(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")

    write_whole(tmp_path / "a.txt", lambda file: file.write(b"new"))

    assert (tmp_path / "a.txt").read_bytes() == b"new" and len(list(tmp_path.iterdir())) == 1


def test_a_failure_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")

    def write(file):
        file.write(b"half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write_whole(tmp_path / "a.txt", write)

    assert (tmp_path / "a.txt").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path):
    path = tmp_path / ("a" * 255)

    write_whole(path, lambda file: file.write(b"new"))

    assert path.read_bytes() == b"new"


def test_partial_files_of_a_dead_process_go_and_those_of_a_living_one_stay(tmp_path):
    def write(file):
        (living,) = tmp_path.iterdir()
        dead = tmp_path / ".drln-0123456789ab.part"
        dead.touch()
        os.utime(dead, (0, living.stat().st_mtime - LEFT_SECONDS - 1))
        remove_left_partials(tmp_path)
        assert list(tmp_path.iterdir()) == [living]

    write_whole(tmp_path / "a.txt", write)
