"""collect.py <folder> <shards> <field> <out>: the guide's way: the whole file as text, a dict by custom_id."""
import json, sys

folder, shards, field, target = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
with open(target, "w", encoding="utf-8") as out:
    for shard in range(shards):
        with open(f"{folder}/order-{shard}.txt") as order:
            ids = order.read().split()
        with open(f"{folder}/output-{shard}.jsonl", "rb") as lines:
            body = lines.read().decode()
        results = {}
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["error"]:
                results[entry["custom_id"]] = {"ok": False, "error": entry["error"]}
            elif field == "text":
                choice = entry["response"]["body"]["choices"][0]
                results[entry["custom_id"]] = {"ok": True, "text": choice["message"]["content"]}
            else:
                results[entry["custom_id"]] = {"ok": True, "embedding": entry["response"]["body"]["data"][0]["embedding"]}
        for custom_id in ids:
            out.write(json.dumps({"custom_id": custom_id, **results[custom_id]}) + "\n")
