"""whole_job.py <file> <base URL> <out>: the guide's script, with urllib where it has httpx, polling ten times a second."""
import json, sys, time, urllib.request, uuid

file, api, target = sys.argv[1:4]


def call(request):
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def post(path, body, content_type):
    return json.loads(call(urllib.request.Request(api + path, data=body, headers={**HEAD, "Content-Type": content_type})))


def get(path):
    return call(urllib.request.Request(api + path, headers=HEAD))


HEAD = {"Authorization": "Bearer bench"}
with open(file, encoding="utf-8") as rows:
    prompts = {row["custom_id"]: row["prompt"] for row in map(json.loads, rows)}
results = {}
items = list(prompts.items())
# A file takes 50,000 requests.
for start in range(0, len(items), 50_000):
    jsonl = "\n".join(
        json.dumps(
            {
                "custom_id": custom_id,
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": {"model": "m", "messages": [{"role": "user", "content": prompt}]},
            }
        )
        for custom_id, prompt in items[start : start + 50_000]
    ).encode()
    edge = uuid.uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--{edge}\r\nContent-Disposition: form-data; name="file"; filename="batch.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n'
    body = head.encode() + jsonl + f"\r\n--{edge}--\r\n".encode()
    uploaded = post("/files", body, f"multipart/form-data; boundary={edge}")
    request = {"input_file_id": uploaded["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    batch = post("/batches", json.dumps(request).encode(), "application/json")
    while batch["status"] not in ("succeeded", "failed", "expired", "cancelled"):
        time.sleep(0.1)
        batch = json.loads(get("/batches/" + batch["id"]))
    for line in get("/files/" + batch["output_file_id"] + "/content").decode().splitlines():
        entry = json.loads(line)
        if entry["error"]:
            results[entry["custom_id"]] = {"ok": False, "error": entry["error"]}
        else:
            choice = entry["response"]["body"]["choices"][0]
            results[entry["custom_id"]] = {"ok": True, "text": choice["message"]["content"]}
with open(target, "w", encoding="utf-8") as out:
    for custom_id in prompts:
        out.write(json.dumps({"custom_id": custom_id, **results[custom_id]}) + "\n")
