"""What failed and may work now is sent again; what never can stays."""

from rimedio.events.bus import Reason, RetryPolicy, Rule, Target
from rimedio.events.dead_letters import DeadLetterProcessor

ALL = {"source": ["rimedio.tickets"]}


def _broken(_event):
    raise OSError("broken")


def test_only_what_may_work_now_is_sent_again(home) -> None:
    targets = (
        Target("flaky", "handler:seen", retry=RetryPolicy(maximum_retry_attempts=0)),
        Target("absent", "handler:nobody"),
    )
    home.bus.put_rule(Rule("acme", "rule", ALL, targets))
    home.targets.handlers["seen"] = _broken
    home.bus.put_events([home.event(str(n)) for n in range(home.many)])
    home.work()
    assert len(home.queue.dead_letters("acme", limit=300).items) == 2 * home.many
    home.targets.handlers["seen"] = home.received.append
    processor = DeadLetterProcessor(home.queue)
    done = processor.run("acme")
    assert (done.redriven, done.kept) == (home.many, {"NOT_RETRYABLE": home.many})
    home.work()
    assert {event.detail["name"] for event in home.received} == {str(n) for n in range(home.many)}
    assert len(home.queue.dead_letters("acme", limit=300).items) == home.many
    assert processor.run("other").redriven == 0
    assert processor.run("acme", Reason).redriven == home.many
