"""Step 5 of the provider's guide on downloaded files: guide_collect.py <results> chat|embeddings <output>...

The guide handles only chat; for embeddings, this script writes the vector in place of the text.
"""
import json
import sys

target, kind, *sources = sys.argv[1:]
results = {}
for source in sources:
    with open(source, encoding="utf-8") as file:
        body = file.read()
    # As in the guide.
    for line in body.strip().splitlines():
        entry = json.loads(line)
        if entry["error"]:
            results[entry["custom_id"]] = f"ERROR: {entry['error']['message']}"
        elif kind == "embeddings":
            results[entry["custom_id"]] = entry["response"]["body"]["data"][0]["embedding"]
        else:
            choice = entry["response"]["body"]["choices"][0]
            results[entry["custom_id"]] = choice["message"]["content"]

with open(target, "w", encoding="utf-8") as file:
    for cid in sorted(results):
        file.write(json.dumps({"custom_id": cid, "result": results[cid]}) + "\n")
