"""Takes the pictures of the tour of the report, docs/tour.md, from a run of the demo.

    regulars demo && python docs/tour.py regulars-out

Needs what tests/pages.py needs, and Pillow. Writes docs/tour/*.png, in 64 colours so that they stay small.
"""

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

TOUR = Path(__file__).parent / "tour"
WIDE = {"width": 1040, "height": 900}
PHONE = {"width": 390, "height": 844}
# Name, page, and what is shown: from the first element to the last.
PICTURES = [
    ("summary", "report.html", "#summary", "ol.todo"),
    ("clusters", "report.html", "figure.map", "figure.map"),
    ("cohorts", "report.html", "#cohorts", "table.cohorts"),
    ("churn", "report.html", "#churn", "section:has(> #churn) .pair"),
    ("curves", "report.html", "h4:has-text('How the probability moves') + p + .grid", "h4:has-text('How the probability moves') + p + .grid"),
    ("tree", "churn.html", "#tree h3", "ol.tree li:nth-child(7)"),
]


def clip(page: Page, first: str, last: str) -> dict:
    boxes = [page.locator(of).first.bounding_box() for of in (first, last)]
    if None in boxes:
        raise SystemExit(f"{first} or {last} is not on the page")
    top, bottom = boxes[0]["y"], boxes[1]["y"] + boxes[1]["height"]
    return {"x": 0, "y": top - 8, "width": page.viewport_size["width"], "height": bottom - top + 20}


def save(name: str, picture: bytes) -> None:
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    image.save(TOUR / f"{name}.png", optimize=True)


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    TOUR.mkdir(exist_ok=True)
    chromium = os.environ.get("REGULARS_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as programs:
        browser = programs.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=WIDE)
        for name, file, first, last in PICTURES:
            page.goto((folder / file).as_uri())
            # A picture of what lies below the window is taken of the whole page.
            save(name, page.screenshot(full_page=True, clip=clip(page, first, last)))
        phone = browser.new_page(viewport=PHONE, color_scheme="dark")
        phone.goto((folder / "report.html").as_uri())
        save("phone", phone.screenshot())
        browser.close()
    total = sum(file.stat().st_size for file in TOUR.glob("*.png"))
    print(f"{len(PICTURES) + 1} pictures, {total // 1024} KB")


main()
