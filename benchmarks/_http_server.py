"""The service in a process of its own, on a data folder and a free port; its first line says where it is."""

import json
import sys
from pathlib import Path

from benchmarks._demo import settings_for
from rimedio.bootstrap import laptop
from rimedio.domain.ticket import AccountTier
from rimedio.http.server import run_server
from rimedio.http.service import Service
from rimedio.security.permissions import Role

RATE = "100000/100000"


def main() -> None:
    """Serve until SIGTERM."""
    settings = settings_for(Path(sys.argv[1]))
    # The tier's own 1,000 a second would answer 429 to most: what is measured is the server, not the limit.
    system = laptop(settings.model_copy(update={"rate_overrides": f"{settings.tenant}={RATE}"}))
    issued = system.identity.issuer.issue("load", system.tenant, [Role.ADMIN], tier=AccountTier.ENTERPRISE)

    def ready(address: str) -> None:
        print(json.dumps({"address": address, "token": issued.token}), flush=True)

    try:
        service = Service(system)
        with service.running():
            run_server(system, service, host="127.0.0.1", port=0, on_ready=ready)
    finally:
        system.close()


if __name__ == "__main__":
    main()
