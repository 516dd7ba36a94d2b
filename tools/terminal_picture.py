"""Draw the README's picture: what `rimedio ask` prints, as an SVG that asks the network for nothing.

`python -m tools.terminal_picture`, on a data folder with the demo's knowledge (`make run` makes one).
"""

import io
import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rimedio.bootstrap import laptop
from rimedio.cli.remedy import print_solution
from rimedio.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "ask.svg"
QUESTION = "Errore E029 sulla XC-200, si spegne dopo 5 minuti"
COLUMNS = 108


def main() -> None:
    """Ask, record, draw."""
    system = laptop(load_settings(), read_only=True)
    solution = system.ask(system.tenant, QUESTION)
    system.close()
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(Text(f'$ rimedio ask "{QUESTION}"', style="bold"))
    print_solution(console, solution, heading=QUESTION)
    drawn = console.export_svg(title="rimedio ask")
    # Fonts of the viewer's machine: the default template would fetch them from a server.
    drawn = re.sub(r"@font-face\s*\{.*?\}", "", drawn, flags=re.DOTALL).replace("Fira Code, ", "")
    drawn = re.sub(r"<!--.*?-->", "", drawn).replace(str(ROOT), ".")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(drawn, "utf-8")


if __name__ == "__main__":
    main()
