"""The process that is killed: opens tickets, works on them, goes on after its own death."""

import sys
import time
from pathlib import Path

from benchmarks._demo import sample_tickets, settings_for
from rimedio.bootstrap import laptop
from rimedio.domain.ticket import Status


def main() -> None:
    """Recover, open what is not open yet, work until nothing is in work."""
    folder, wanted = Path(sys.argv[1]), int(sys.argv[2])
    # Without the embedding model a life is work from its first moment on, not loading.
    system = laptop(settings_for(folder, embedder="none"))
    requests = [labelled.request for labelled in sample_tickets()]
    system.runner.recover(system.tenant)
    print("ready", flush=True)
    with system.runner.working(system.settings.workers):
        for number in range(wanted):
            ticket = system.open_ticket(
                system.tenant, requests[number % len(requests)], idempotency_key=f"crash-{number}"
            )
            print(f"accepted {ticket.ticket_id}", flush=True)
        while any(
            system.tickets.list_by_status(system.tenant, status, limit=1).tickets
            for status in (Status.NEW, Status.PROCESSING)
        ):
            time.sleep(0.02)
    print("done", flush=True)
    system.close()


if __name__ == "__main__":
    main()
