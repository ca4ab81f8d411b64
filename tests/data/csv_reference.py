"""Writes csv_reference.json: nasty CSV texts and what Python's csv module reads from them (strict mode).

    python3 tests/data/csv_reference.py > tests/data/csv_reference.json
"""
import csv
import io
import json
import random
import sys

random.seed(7)
PIECES = ["", " ", "a", "1", "-2.5", '"', '""', ",", ";", "\n", "\r\n", "é", "日本", "NA", "x y", "\t", "#", "'", "\\", "true"]


def field():
    return "".join(random.choice(PIECES) for _ in range(random.randint(0, 4)))


cases = []
for number in range(200):
    columns = random.randint(2, 5)
    rows = [[field() for _ in range(columns)] for _ in range(random.randint(1, 12))]
    text = io.StringIO()
    csv.writer(text, delimiter=random.choice(",;\t|"), lineterminator=random.choice(["\n", "\r\n"]),
               quoting=random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])).writerows(rows)
    whole = text.getvalue()
    if number % 3 == 0:
        whole = whole.rstrip("\r\n") if not rows[-1][-1].endswith(("\n", "\r")) else whole
    for separator in ",;\t|":
        try:
            read = list(csv.reader(io.StringIO(whole, newline=""), delimiter=separator, strict=True))
        except csv.Error:
            continue
        if read == rows:
            cases.append({"separator": separator, "text": whole, "rows": read})
            break
json.dump(cases, sys.stdout, separators=(",", ":"))
print()
