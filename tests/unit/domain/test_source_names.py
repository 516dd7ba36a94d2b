"""Sources as people see them: without the folders of a machine."""

import pytest

from rimedio.domain.source_names import shown_source, without_folders


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("/srv/manuals/xc200.pdf", "xc200.pdf"),
        ("/srv/manuals/xc200.pdf#page=12", "xc200.pdf#page=12"),
        ("/xc200.pdf", "xc200.pdf"),
        ("/srv/a folder/Über uns.md", "Über uns.md"),
        ("/srv/all.ZIP!/pumps/p1.md", "all.ZIP!/pumps/p1.md"),
        ("/srv/all.tar.gz!/pumps/p1.md#page=2", "all.tar.gz!/pumps/p1.md#page=2"),
        ("/srv/wow!/p1.md", "p1.md"),
        ("C:/Users/olga/xc200.pdf", "xc200.pdf"),
        (r"C:\Users\olga\xc200.pdf", "xc200.pdf"),
        (r"\\server\share\xc200.pdf", "xc200.pdf"),
        ("file:///srv/manuals/xc200.pdf", "xc200.pdf"),
        ("upload:///pump manual.md", "upload:///pump manual.md"),
        ("ticket:tkt_1", "ticket:tkt_1"),
        ("https://example.com/a/b.html", "https://example.com/a/b.html"),
        ("manuals/xc200.pdf", "manuals/xc200.pdf"),
        ("", ""),
    ],
)
def test_a_source_is_shown_by_its_name(uri: str, shown: str) -> None:
    assert shown_source(uri) == shown
    assert shown_source(shown) == shown


def test_every_source_in_a_value_is_shown_so_and_nothing_else_is_touched() -> None:
    value = {
        "items": [{"source_uri": "/srv/a.md", "text": "/srv/a.md", "section": ["/srv"]}],
        "source_uri": ["/srv/b.md", None, 1.5, True],
        "inner": {"source_uri": None},
    }
    assert without_folders(value) == {
        "items": [{"source_uri": "a.md", "text": "/srv/a.md", "section": ["/srv"]}],
        "source_uri": ["/srv/b.md", None, 1.5, True],
        "inner": {"source_uri": None},
    }
