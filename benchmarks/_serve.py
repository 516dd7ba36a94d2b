"""A process that answers from a data folder and prints the most memory it held, in megabytes."""

import resource
import sys
from pathlib import Path

from benchmarks._demo import settings_for
from rimedio.bootstrap import laptop

QUESTIONS = (
    "How do I create a DB instance?",
    "Quali sono i limiti delle funzioni?",
    "What does error 403 mean?",
    "How can I enable encryption at rest?",
    "Come si elimina una tabella?",
)
ROUNDS = 20


def main() -> None:
    """Ask a hundred questions, then tell."""
    system = laptop(settings_for(Path(sys.argv[1])), read_only=True)
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            system.ask(system.tenant, question)
    system.close()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
