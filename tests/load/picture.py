"""Draws docs/demo.svg from what `loyalty demo` prints: python tests/load/picture.py < output."""

import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

# no web font: a picture in a repository fetches nothing
FORMAT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>loyalty demo</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, monospace; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""

lines = sys.stdin.read().splitlines()
ladder = lines[: lines.index("", lines.index("") + 1) + 1]
member = lines[len(ladder) :]
shown = [*ladder, *member[: member.index("")]]
console = Console(record=True, width=150, file=StringIO())
for row in ["$ loyalty demo", *shown]:
    console.print(Text(row[:149]), style="bold" if row.startswith(("$", "tier")) else "")
Path("docs/demo.svg").write_text(
    console.export_svg(title="loyalty demo", code_format=FORMAT, unique_id="demo"), encoding="utf-8"
)
