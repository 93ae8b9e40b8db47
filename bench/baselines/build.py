"""build.py <file> <out>: the guide's way: all requests in one string, in memory."""
import json, sys

with open(sys.argv[1], encoding="utf-8") as rows:
    prompts = {row["custom_id"]: row["prompt"] for row in map(json.loads, rows)}
jsonl = "\n".join(
    json.dumps(
        {
            "custom_id": custom_id,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "m", "max_tokens": 64, "messages": [{"role": "user", "content": prompt}]},
        }
    )
    for custom_id, prompt in prompts.items()
)
with open(sys.argv[2], "wb") as out:
    out.write(jsonl.encode())
