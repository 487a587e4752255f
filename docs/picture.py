"""Draws what a command printed as an SVG picture of a terminal.

    target/release/regulars demo 2>/dev/null | sed '/^MODELS OF/,/^$/d; /^FILES in/,/^$/d' | fold -s -w 120 | python3 docs/picture.py > docs/demo.svg
"""

import sys
from html import escape

FONT, LINE, LEFT, TOP = 13, 18, 18, 44
GLYPH = FONT * 0.602  # width of a character of a monospaced font


def main() -> None:
    lines = ["$ regulars demo", *sys.stdin.read().rstrip("\n").split("\n")]
    width = int(max(map(len, lines)) * GLYPH + 2 * LEFT)
    height = TOP + len(lines) * LINE + 10
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">')
    print(f'<rect width="{width}" height="{height}" rx="8" fill="#1e2127"/>')
    for place, colour in enumerate(["#ff5f56", "#ffbd2e", "#27c93f"]):
        print(f'<circle cx="{LEFT + 4 + 20 * place}" cy="18" r="6" fill="{colour}"/>')
    print(f'<g font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="{FONT}">')
    for number, line in enumerate(lines):
        heading = number == 0 or (line[:1].isupper() and line.split()[0].isupper())
        colour = "#98c379" if heading else "#dcdfe4"
        print(f'<text x="{LEFT}" y="{TOP + number * LINE}" fill="{colour}">{escape(line).replace(" ", chr(160))}</text>')
    print("</g>\n</svg>")


main()
