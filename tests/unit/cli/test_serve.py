"""How the service's process ends."""

import threading

from rimedio.cli.serve import still_working


def test_only_a_loop_that_did_not_end_counts_as_still_working() -> None:
    go_on = threading.Event()
    left = threading.Thread(target=go_on.wait, name="loop make vectors")
    other = threading.Thread(target=go_on.wait, name="http server")
    ended = threading.Thread(target=lambda: None, name="loop sweep")
    for thread in (left, other, ended):
        thread.start()
    ended.join()
    assert still_working([left, other, ended])
    assert not still_working([other, ended])
    go_on.set()
    left.join()
    other.join()
    assert not still_working([left, other, ended])
