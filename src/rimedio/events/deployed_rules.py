"""The rules that are deployed with the bus on AWS, as data: infrastructure is made from them, tests judge them.

All of Rimedio's events go to the queue of deliveries, where tenants' own rules decide; what people on duty must hear
of goes to them as well. Addresses are names: `queue:deliveries`, `function:notify`.
"""

from rimedio.events.bus import EVERY_TENANT, RetryPolicy, Rule, Target
from rimedio.events.detail_types import DetailType
from rimedio.events.notices import NOTICED, WANTS_A_PERSON

DELIVERIES = "deliveries"
PEOPLE = "people"
SOURCES = "rimedio."

DEPLOYED = (
    Rule(
        EVERY_TENANT,
        DELIVERIES,
        {"source": [{"prefix": SOURCES}]},
        (Target("deliveries", "queue:deliveries", retry=RetryPolicy()),),
        description="Every event of Rimedio, to the queue from which tenants' rules are served",
    ),
    Rule(
        EVERY_TENANT,
        PEOPLE,
        {
            "source": [{"prefix": SOURCES}],
            "$or": [
                {
                    "detail-type": [DetailType.TICKET_STATUS_CHANGED.value],
                    "detail": {"status": [*sorted(WANTS_A_PERSON)]},
                },
                {"detail-type": [*sorted({*NOTICED} - {DetailType.TICKET_STATUS_CHANGED.value})]},
            ],
        },
        (Target("notify", "function:notify", retry=RetryPolicy(maximum_retry_attempts=20)),),
        description="What people on duty must hear of",
    ),
)
