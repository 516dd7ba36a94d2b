"""What every `ObjectStore` must do."""

import hashlib
from collections.abc import Iterator

import pytest

from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.storage.objects import ObjectStore, StoredObject


def names(store: ObjectStore, prefix: str = "", tenant: str = "acme") -> list[str]:
    return [found.name for found in store.list(tenant, prefix).objects]


def test_what_was_put_is_read_back_whole_and_in_blocks(objects: ObjectStore) -> None:
    content = bytes(range(256)) * 1000
    stored = objects.put("acme", "manuals/xc200.pdf", content)
    assert stored == StoredObject("manuals/xc200.pdf", 256_000, hashlib.sha256(content).hexdigest())
    assert objects.get("acme", "manuals/xc200.pdf") == content
    blocks = list(objects.stream("acme", "manuals/xc200.pdf", block_bytes=100_000))
    assert [len(block) for block in blocks] == [100_000, 100_000, 56_000]
    assert b"".join(blocks) == content
    assert objects.head("acme", "manuals/xc200.pdf") == stored


def test_content_may_come_in_pieces_and_may_be_empty(objects: ObjectStore) -> None:
    stored = objects.put("acme", "a", iter([b"one ", b"", b"two"]))
    assert (stored.size, objects.get("acme", "a")) == (7, b"one two")
    assert objects.put("acme", "b", b"").size == 0
    assert objects.get("acme", "b") == b""


def test_a_part_is_read_with_what_it_is_a_part_of(objects: ObjectStore) -> None:
    content = bytes(range(256)) * 1000
    stored = objects.put("acme", "manuals/xc200.pdf", content)
    for start, end in ((0, 1), (100, 50_000), (255_999, 256_000), (200_000, 999_999)):
        part = objects.part("acme", "manuals/xc200.pdf", start, end)
        assert (part.data, part.whole) == (content[start:end], stored)


def test_a_part_that_is_nowhere_is_refused(objects: ObjectStore) -> None:
    objects.put("acme", "a", b"four")
    objects.put("acme", "empty", b"")
    for name, start, end in (("a", 4, 5), ("a", 2, 2), ("a", 3, 1), ("a", -1, 2), ("empty", 0, 1)):
        with pytest.raises(InvalidInput, match="no bytes"):
            objects.part("acme", name, start, end)
    with pytest.raises(NotFound, match="gone"):
        objects.part("acme", "gone", 0, 1)


def test_a_second_put_replaces(objects: ObjectStore) -> None:
    objects.put("acme", "a", b"old and long")
    objects.put("acme", "a", b"new")
    assert objects.get("acme", "a") == b"new"
    assert names(objects) == ["a"]


def test_content_that_breaks_off_leaves_what_was_there(objects: ObjectStore) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError("gone")

    objects.put("acme", "a", b"whole")
    for name in ("a", "b"):
        with pytest.raises(ConnectionError):
            objects.put("acme", name, breaking())
    assert objects.get("acme", "a") == b"whole"
    assert names(objects) == ["a"]


def test_an_absent_object_is_not_found(objects: ObjectStore) -> None:
    objects.put("acme", "folder/a", b"x")
    for name in ("a", "folder", "folder/a/b", "folder/b"):
        with pytest.raises(NotFound, match=name):
            objects.get("acme", name)
        with pytest.raises(NotFound):
            next(objects.stream("acme", name))
        assert objects.head("acme", name) is None
        assert not objects.exists("acme", name)


def test_a_deleted_object_is_gone_and_deleting_it_again_is_fine(objects: ObjectStore) -> None:
    objects.put("acme", "x/y/z", b"1")
    assert objects.exists("acme", "x/y/z")
    objects.delete("acme", "x/y/z")
    objects.delete("acme", "x/y/z")
    assert not objects.exists("acme", "x/y/z")
    assert names(objects) == []


def test_a_tenant_sees_its_own_objects_only(objects: ObjectStore) -> None:
    objects.put("acme", "a", b"acme's")
    objects.put("acme-2", "a", b"the other's")
    objects.put("acme-2", "b", b"the other's")
    assert objects.get("acme", "a") == b"acme's"
    assert names(objects) == ["a"]
    objects.delete("acme", "b")
    assert objects.exists("acme-2", "b")


def test_a_list_goes_in_the_order_of_whole_names(objects: ObjectStore) -> None:
    wanted = ["a", "a%", "a%2f", "a-b", "a.b", "a/b", "a/b/c", "a0", "ab", "b/a", "é", "～", "🛠"]
    for name in reversed(wanted):
        objects.put("acme", name, name.encode())
    assert names(objects) == wanted == sorted(wanted)
    for name in wanted:
        assert objects.get("acme", name) == name.encode()


@pytest.mark.parametrize("prefix", ["", "a", "a/", "a/b", "a/b/", "b", "z", "a%"])
@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_pages_of_a_prefix_together_are_the_whole(objects: ObjectStore, prefix: str, limit: int) -> None:
    stored = ["a", "a%", "a-b", "a/a", "a/b", "a/b/c", "a/b/d", "a/c", "a0", "b/a", "c"]
    for name in stored:
        objects.put("acme", name, b"12")
    seen: list[str] = []
    after = None
    while True:
        page = objects.list("acme", prefix, limit=limit, after=after)
        assert all(found.size == 2 for found in page.objects)
        seen += [found.name for found in page.objects]
        after = page.after
        if after is None:
            break
        assert len(page.objects) == limit
    assert seen == [name for name in stored if name.startswith(prefix)]


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../x", "a/../b", "a/..", "/a", "a/", "a//b", "a/./b", "a\\b", "a\x00b", "a\nb", "\x7f",
        "x" * 201, "/".join(["x" * 100] * 10), "e\u0301", "\ud800", "..\\x",
    ],
)  # fmt: skip
def test_a_name_that_could_lead_elsewhere_is_refused(objects: ObjectStore, name: str) -> None:
    for act in (
        lambda: objects.put("acme", name, b"x"),
        lambda: objects.get("acme", name),
        lambda: list(objects.stream("acme", name)),
        lambda: objects.head("acme", name),
        lambda: objects.exists("acme", name),
        lambda: objects.delete("acme", name),
    ):
        with pytest.raises(InvalidInput, match="cannot name an object"):
            act()


@pytest.mark.parametrize(
    "tenant", ["", ".", "..", "a/b", "../acme", ".incoming", "a\x00", "x" * 101, "a..b", "è"]
)
def test_a_tenant_that_could_lead_elsewhere_is_refused(objects: ObjectStore, tenant: str) -> None:
    with pytest.raises(InvalidInput):
        objects.put(tenant, "a", b"x")
    with pytest.raises(InvalidInput):
        objects.list(tenant)


def test_a_limit_out_of_bounds_is_refused(objects: ObjectStore) -> None:
    for limit in (0, 1001):
        with pytest.raises(InvalidInput, match="limit"):
            objects.list("acme", limit=limit)
