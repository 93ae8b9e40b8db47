"""Request lines from a table with Python's csv module, a row at a time: csv_build.py <input> <output> <model>."""
import csv
import json
import sys

source, target, model = sys.argv[1:4]
seen = set()
with open(source, encoding="utf-8", newline="") as rows, open(target, "w", encoding="utf-8", newline="\n") as out:
    for row in csv.DictReader(rows):
        if row["custom_id"] in seen:
            raise SystemExit(f"{row['custom_id']} is there twice.")
        seen.add(row["custom_id"])
        request = {
            "custom_id": row["custom_id"],
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {
                "messages": [{"role": "user", "content": f"Product: {row['product']}\nReview: {row['review']}"}],
                "model": model,
            },
        }
        out.write(json.dumps(request, ensure_ascii=False, separators=(",", ":")) + "\n")
