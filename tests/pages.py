"""Looks at the pages of an output folder as people do, in Chromium.

    python -m pip install -r tests/requirements.txt
    apt-get install chromium
    python tests/pages.py regulars-out [FOLDER FOR PICTURES]

Every page is opened from its file, light and dark, as wide as a desk and as narrow as a phone:

- nothing is asked of any network, and nothing is said on the console;
- the page is no wider than the window (what is wider scrolls inside);
- axe-core finds nothing that it calls serious or critical (WCAG 2.1 A and AA);
- every table that can be sorted is, by each of its columns, and holds the same rows afterwards;
- every field that filters leaves the rows that have the words, and gives all back;
- every plot's figures can be opened, and every link within the page or to a file leads somewhere;
- it prints.

Pages in another language than English, by their `lang`, are looked at twice and not four times: on a desk in light, with
everything above, and on a phone in the dark, without axe-core, which has seen the same page in English; a page that
says nothing in its own language is a problem.

Pictures of all of it go to the folder, if one is named. Prints a line for each page. Exit status: 0 all well, 1 any
problem (also: no page).
"""

import os
import re
import shutil
import sys
import time
from pathlib import Path
from urllib.parse import unquote

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

WINDOWS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
# Where barriers are looked for: both widths and both schemes once, since axe-core takes ten seconds on a long page.
BARRIERS = [("desk", "light"), ("phone", "dark")]
# A page in another language has the shape of the one in English: only texts can be wider, or missing.
TRANSLATED = [("desk", "light"), ("phone", "dark")]
HAN = re.compile(r"[\u4e00-\u9fff]")


def texts(page: Page, table: int) -> list[str]:
    return page.evaluate(
        "n => [...document.querySelectorAll('table')[n].tBodies[0].rows].map(row => row.textContent)", table
    )


def sorts(page: Page, say) -> int:
    """Clicks on every head of every table that can be sorted, three times."""
    sorted_columns = 0
    for table in range(page.locator("table").count()):
        buttons = page.locator("table").nth(table).locator("thead button")
        before = texts(page, table)
        for column in range(buttons.count()):
            heads = page.locator("table").nth(table).locator("thead th")
            button = buttons.nth(column)
            name = button.inner_text()
            orders = []
            for _ in range(3):
                button.evaluate("button => button.click()")
                orders.append(texts(page, table))
                if sorted(orders[-1]) != sorted(before):
                    say(f"sorting by `{name}` lost rows")
            if orders[2] != before:
                say(f"the third click on `{name}` does not restore the order")
            if heads.locator("xpath=self::*[@aria-sort]").count():
                say(f"`{name}` says that it sorts after the third click")
            sorted_columns += 1
    return sorted_columns


def numbers_sort(page: Page, say) -> None:
    """A column of numbers comes largest first: its cells as the page's own reader reads them are checked here."""
    for table in range(page.locator("table").count()):
        heads = page.locator("table").nth(table).locator("thead th.n:has(button)")
        for column in range(heads.count()):
            head = heads.nth(column)
            head.locator("button").evaluate("button => button.click()")
            if head.get_attribute("aria-sort") is None:
                say("a click sorts nothing")
            cells = head.evaluate(
                "head => [...head.closest('table').tBodies[0].rows].map(row => row.cells[head.cellIndex].textContent.trim())"
            )
            values = [number(cell) for cell in cells]
            values = [value for value in values if value is not None]
            if head.get_attribute("aria-sort") == "descending" and values != sorted(values, reverse=True):
                say(f"`{head.inner_text()}` is not in order: {cells[:6]}")


def number(cell: str) -> float | None:
    """What stands in a cell, as a person reads it."""
    cell = re.sub(r"(?<=\d)%", " %", cell)
    words = cell.replace("<", "").replace(",", "").replace("+", "").replace("−", "-").split()
    try:
        value = float(words[0])
    except (ValueError, IndexError):
        return None
    scale = {"k": 1e3, "M": 1e6, "bn": 1e9, "万": 1e4, "亿": 1e8, "%": 0.01}.get(words[1], 1.0) if len(words) > 1 else 1.0
    return value * scale


def filters(page: Page, say) -> int:
    fields = page.locator(".filter input")
    for place in range(fields.count()):
        field = fields.nth(place)
        rows = field.evaluate_handle(
            """field => {
                let next = field.closest('p').nextElementSibling;
                return [...(next.matches('table') ? next : next.querySelector('table')).tBodies[0].rows];
            }"""
        )
        word = rows.evaluate("rows => rows[0].cells[0].textContent.trim().split(/\\s+/)[0].toLowerCase()")
        field.fill(word)
        shown = rows.evaluate("rows => rows.filter(row => !row.hidden).map(row => row.textContent.toLowerCase())")
        if not shown or any(word not in text for text in shown):
            say(f"filtering by `{word}` shows {len(shown)} rows, and others too")
        field.fill("no row has this")
        if rows.evaluate("rows => rows.filter(row => !row.hidden).length") != 0:
            say("a filter without a match shows rows")
        field.fill("")
        if rows.evaluate("rows => rows.filter(row => row.hidden).length") != 0:
            say("an emptied filter hides rows")
    return fields.count()


def links_lead_somewhere(page: Page, folder: Path, say) -> None:
    for target in page.evaluate("() => [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"):
        if target.startswith("#"):
            if not page.evaluate("id => document.getElementById(id) !== null", unquote(target[1:])):
                say(f"{target} leads nowhere")
        elif "://" in target:
            say(f"{target} leads out of the folder")
        else:
            name, _, place = unquote(target).partition("#")
            file = folder / name
            if not file.exists():
                say(f"{target} is not there")
            elif place and f'id="{place}"' not in file.read_text():
                say(f"{target} leads to a page without that place")


def look(browser, file: Path, pictures: Path | None) -> tuple[list[str], str]:
    problems: list[str] = []
    counts = ""
    chinese = 'lang="zh' in file.read_text()[:200]
    for window, size in WINDOWS.items():
        for scheme in ("light", "dark"):
            if chinese and (window, scheme) not in TRANSLATED:
                continue

            def say(what: str, where=f"{window}, {scheme}") -> None:
                problems.append(f"{file.name} ({where}): {what}")

            page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
            page.on("console", lambda message: say(f"console: {message.text}"))
            page.on("pageerror", lambda error: say(f"error: {error}"))
            page.on("request", lambda request: request.url.startswith("file://") or say(f"asks for {request.url}"))
            started = time.monotonic()
            page.goto(file.as_uri())
            opened = time.monotonic() - started
            wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
            if wide > 0:
                say(f"is {wide} pixels wider than the window")
            if pictures:
                page.screenshot(path=pictures / f"{file.stem}-{window}-{scheme}.png", full_page=True)
            if chinese:
                for part in ("title", "header", "footer"):
                    if not HAN.search(" ".join(page.locator(part).all_text_contents())):
                        say(f"{part} says nothing in Chinese")
                if (field := page.locator(".filter input").first).count() and not HAN.search(field.get_attribute("placeholder")):
                    say("the field that filters does not speak Chinese")
            if (window, scheme) not in BARRIERS or (chinese and window == "phone"):
                page.close()
                continue
            page.evaluate("() => document.querySelectorAll('details').forEach(part => (part.open = true))")
            found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
            for violation in found.response["violations"]:
                if violation["impact"] in ("serious", "critical"):
                    first = violation["nodes"][0]
                    say(f"{violation['id']}, {len(violation['nodes'])} times: {first['html'][:160]}; {first['failureSummary'][:300]}")
            if (window, scheme) == ("desk", "light"):
                columns, fields = sorts(page, say), filters(page, say)
                numbers_sort(page, say)
                links_lead_somewhere(page, file.parent, say)
                if not page.pdf():
                    say("does not print")
                counts = f"{columns} columns sort, {fields} filters, open after {opened:.2f} s"
            page.close()
    return problems, counts


def look_at(folder: Path, pictures: Path | None) -> tuple[int, list[str]]:
    """Looks at every page below a folder: how many there are, and what is wrong with them."""
    chromium = os.environ.get("REGULARS_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("install chromium, or name it in REGULARS_CHROMIUM")
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    pages = sorted(folder.resolve().rglob("*.html"))
    problems = [] if pages else [f"{folder} holds no page"]
    with sync_playwright() as programs:
        browser = programs.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for file in pages:
            found, counts = look(browser, file, pictures)
            problems += found
            print(f"{file.relative_to(folder.resolve())}: {file.stat().st_size // 1024} KB, {counts}", flush=True)
        browser.close()
    return len(pages), problems


def main() -> int:
    pages, problems = look_at(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{pages} pages, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
