"""Makes pages of histories at the edges, and looks at each as `tests/pages.py` does.

    python tests/pages_cases.py PROGRAM [FOLDER FOR PICTURES]

PROGRAM is the built `regulars`. The cases: one customer; a history too short for a model of leaving; no products; 60
segments; names that would be markup; a run that stopped half way, which says so on top; attributes with long names
and categories; and, in Chinese, a whole run, one customer, and a run that stopped half way of names
that would be markup. Needs what `tests/pages.py` needs. Exit status: 0 all well, 1 any problem.
"""

import datetime
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from pages import look_at

PRODUCTS = [
    ("bread", "Bread", "Bakery", "Loaves"),
    ("butter", "Butter", "Dairy", "Spreads"),
    ("milk", "Milk", "Dairy", "Drinks"),
    ("tea", "Tea", "Grocery", "Hot drinks"),
    ("apples", "Apples", "Produce", "Fruit"),
]
MARKUP = "<script>alert('x')</script><img src=x onerror=alert(1)> & \"sons\""
SETTINGS = """[project]
name = {name}
currency = "EUR"

[[sources]]
table = "interactions"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = {{ constant = "purchase" }}
basket_id = "basket"
amount = "paid"
"""
WITH_PRODUCTS = """product_id = "product"

[[sources]]
table = "products"
path = "products.csv"
[sources.columns]
product_id = "id"
name = "label"
department = "shelf"
category = "kind"
"""


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def history(folder: Path, customers: int, days: int, seed: int = 1) -> None:
    """Customers with a rhythm of their own, a third of whom stop coming at some time."""
    draw = random.Random(seed)
    rows, basket, first = ["customer,when,basket,product,paid"], 0, datetime.date(2024, 1, 1)
    for customer in range(customers):
        pace, day = 3 + customer % 23, customer % 23
        last = days if customer % 3 else draw.randint(days // 4, days)
        while day < last:
            basket += 1
            when = first + datetime.timedelta(days=day)
            for product in draw.sample(PRODUCTS, 1 + basket % 3):
                rows.append(f"C{customer:04},{when} 1{basket % 10}:30:00,{basket},{product[0]},{1 + draw.randint(0, 900) / 100:.2f}")
            day += pace + draw.randint(0, 3)
    (folder / "lines.csv").write_text("\n".join(rows) + "\n")


def products(folder: Path, label=lambda name: name) -> None:
    rows = ["id,label,shelf,kind"]
    rows += [",".join([code, cell(label(name)), cell(label(shelf)), cell(label(kind))]) for code, name, shelf, kind in PRODUCTS]
    (folder / "products.csv").write_text("\n".join(rows) + "\n")


class Case:
    def __init__(self, program: Path, folder: Path):
        self.program, self.folder, self.out = program, folder, folder / "regulars-out"
        self.language = "en"
        folder.mkdir()

    def settings(self, name: str = "Corner shop", with_products: bool = True, more: str = "") -> None:
        text = SETTINGS.format(name=quoted(name)) + (WITH_PRODUCTS if with_products else "") + more
        (self.folder / "regulars.toml").write_text(text)

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run([self.program, *arguments, "--lang", self.language], cwd=self.folder, capture_output=True, text=True)
        if done.returncode not in codes:
            raise SystemExit(f"regulars {' '.join(arguments)} in {self.folder} ended with {done.returncode}:\n{done.stderr}")
        return done.stderr

    def report(self) -> str:
        return (self.out / "report.html").read_text()


def one_customer(case: Case) -> list[str]:
    history(case.folder, 1, 60)
    products(case.folder)
    case.settings()
    case.run("run", "--quiet")
    return said(case, ["One customer bought before", "Left out: "], ["C0000", "EUR</b>"])


def no_churn_model(case: Case) -> list[str]:
    history(case.folder, 150, 40)
    products(case.folder)
    case.settings()
    case.run("run", "--quiet")
    if (case.out / "churn.html").exists():
        return ["a history of 40 days has a model of leaving"]
    return said(case, ["Left out: ", "Clusters of behaviour"], ["Bands of risk", "How the probability moves"])


def no_products(case: Case) -> list[str]:
    history(case.folder, 150, 400)
    case.settings(with_products=False)
    case.run("run", "--quiet")
    return said(case, ["Bands of risk", "The clusters on a map"], ["The strongest rules"])


def sixty_segments(case: Case) -> list[str]:
    """Each of the 25 cells of the map has a name of its own, and 60 segments of the shop's own stand beside them."""
    history(case.folder, 1500, 400)
    products(case.folder)
    rows = ", ".join("[" + ", ".join(quoted(f"Recency {r}, worth {fm}") for fm in range(1, 6)) + "]" for r in range(5, 0, -1))
    own = "".join(
        f'\n[[classes.own]]\nname = "Segment {number} of customers who are known"\nwhere = "CAST(monetary AS BIGINT) % 60 = {number - 1}"\n'
        f'meaning = "What they are, number {number}"\naction = "What to do, number {number}"\n'
        for number in range(1, 61)
    )
    case.settings(more=f"\n[segment]\nmap = [{rows}]\n{own}")
    case.run("run", "--quiet")
    return said(case, ["Segment 1 of customers", "Segment 60 of customers", "Recency 5, worth 5"], [])


def markup_in_names(case: Case) -> list[str]:
    history(case.folder, 200, 400)
    products(case.folder, lambda name: name + MARKUP)
    case.settings(name=f"Shop {MARKUP}")
    case.run("run", "--quiet")
    return said(case, ["&lt;script&gt;alert"], ["<script>alert", "<img"])


def stopped_half_way(case: Case) -> list[str]:
    history(case.folder, 150, 400)
    products(case.folder)
    case.settings()
    for stage in ("ingest", "features", "segment"):
        case.run(stage, "--quiet")
    case.run("report", "--quiet")
    top = case.report().split("<main>")[0]
    problems = [] if "did not go through" in top else ["the top does not say that the run stopped half way"]
    return problems + said(case, ["there is nothing of value, churn"], [])


def attributes(case: Case) -> list[str]:
    history(case.folder, 400, 400)
    products(case.folder)
    rows = ["id,home_town_of_the_customer,age"]
    towns = ["Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", "Ulm", "Bad Neuenahr-Ahrweiler"]
    rows += [f"C{n:04},{towns[n % 3]},{20 + n % 50}" for n in range(400)]
    (case.folder / "customers.csv").write_text("\n".join(rows) + "\n")
    case.settings(more="""
[[sources]]
table = "customers"
path = "customers.csv"
[sources.columns]
customer_id = "id"
home_town_of_the_customer = "home_town_of_the_customer"
age = "age"

[segment]
attributes = ["home_town_of_the_customer", "age"]
""")
    case.run("run", "--quiet")
    return said(case, ["home town of the customer"], [])


def said(case: Case, words: list[str], never: list[str]) -> list[str]:
    page = case.report()
    problems = [f"the report lacks `{word}`" for word in words if word not in page]
    return problems + [f"the report has `{word}`" for word in never if word in page]


def in_chinese(case: Case) -> list[str]:
    """Every page of a whole run, with those that commands of their own make."""
    history(case.folder, 150, 400)
    products(case.folder)
    case.settings(name="街角小店")
    case.language = "zh"
    case.run("run", "--quiet")
    case.run("profile", "--quiet")
    index = (case.out / "index.html").read_text()
    problems = [f"the index lacks {page.name}" for page in case.out.glob("*.html") if page.name not in index + "index.html"]
    return problems + said(case, ["本周要做", "RFM 分层，截至", "街角小店"], ["Left out", "Bands of risk", "customers who ever bought"])


def one_customer_in_chinese(case: Case) -> list[str]:
    history(case.folder, 1, 60)
    products(case.folder)
    case.settings()
    case.language = "zh"
    case.run("run", "--quiet")
    return said(case, ["之前有 1 位客户购买过", "略去："], ["C0000", "EUR</b>"])


def stopped_half_way_in_chinese(case: Case) -> list[str]:
    history(case.folder, 150, 400)
    products(case.folder, lambda name: name + MARKUP)
    case.settings(name=f"小店 {MARKUP}")
    case.language = "zh"
    for stage in ("ingest", "features", "segment", "report"):
        case.run(stage, "--quiet")
    top = case.report().split("<main>")[0]
    problems = [] if "上一次运行没有完成" in top else ["the top does not say that the run stopped half way"]
    return problems + said(case, ["缺少 value、churn"], ["<script>alert", "<img"])


CASES = [one_customer, no_churn_model, no_products, sixty_segments, markup_in_names, stopped_half_way, attributes]
CASES += [in_chinese, one_customer_in_chinese, stopped_half_way_in_chinese]


def main() -> int:
    program = Path(sys.argv[1]).resolve()
    pictures = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    problems = []
    with tempfile.TemporaryDirectory() as scratch:
        for make in CASES:
            name = make.__name__
            case = Case(program, Path(scratch) / name)
            found = make(case)
            pages, wrong = look_at(case.out, pictures and pictures / name)
            print(f"{name}: {pages} pages, {len(found) + len(wrong)} problems", flush=True)
            problems += [f"{name}: {problem}" for problem in found + wrong]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
