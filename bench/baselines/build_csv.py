"""build_csv.py <file> <out>: Python's csv module, streaming."""
import csv, json, sys

seen = set()
with open(sys.argv[1], newline="", encoding="utf-8") as rows, open(sys.argv[2], "w", encoding="utf-8") as out:
    for row in csv.DictReader(rows):
        if row["id"] in seen:
            raise SystemExit("twice: " + row["id"])
        seen.add(row["id"])
        request = {
            "custom_id": row["id"],
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"max_tokens": 64, "messages": [{"role": "user", "content": row["prompt"]}], "model": "m"},
        }
        out.write(json.dumps(request) + "\n")
