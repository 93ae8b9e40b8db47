"""Step 1 of the provider's guide on a file of prompts: guide_build.py <input> <output> <model>."""
import json
import sys

source, target, model = sys.argv[1:4]
prompts = {}
with open(source, encoding="utf-8") as file:
    for line in file:
        row = json.loads(line)
        prompts[row["custom_id"]] = row["prompt"]

# As in the guide from here on.
lines = [
    json.dumps({
        "custom_id": cid,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": model, "messages": [{"role": "user", "content": prompt}]},
    })
    for cid, prompt in prompts.items()
]
jsonl = "\n".join(lines).encode()

with open(target, "wb") as file:
    file.write(jsonl)
