"""The provider's whole guide, run against a simulator: guide.py <base URL> <prompts> <results> <seconds between polls>.

Runs the steps of the guide in its order; the guide polls every 30 s. Uses httpx if it is installed. Otherwise urllib sends
the same requests, with the file's multipart body built in memory, as httpx builds it from bytes.
"""
import json
import sys
import time

API, source, target, seconds = sys.argv[1:5]
HEAD = {"Authorization": "Bearer sk-mel-bench"}

try:
    import httpx

    CLIENT = "httpx " + httpx.__version__

    def post_file(name, content):
        return httpx.post(
            f"{API}/files",
            headers=HEAD,
            files={"file": (name, content, "application/jsonl")},
            data={"purpose": "batch"},
            timeout=600,
        ).json()

    def post_json(path, body):
        return httpx.post(f"{API}{path}", headers=HEAD, json=body, timeout=600).json()

    def get_text(path):
        return httpx.get(f"{API}{path}", headers=HEAD, timeout=600).text

except ImportError:
    import urllib.request

    CLIENT = "urllib"
    BOUNDARY = "guide-7f3c0f5e9b1d4a62"

    def send(path, body=None, headers=None):
        request = urllib.request.Request(f"{API}{path}", data=body, headers={**HEAD, **(headers or {})})
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.read().decode()

    def post_file(name, content):
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/jsonl\r\n\r\n"
        ).encode()
        body = head + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        return json.loads(send("/files", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}))

    def post_json(path, body):
        return json.loads(send(path, json.dumps(body).encode(), {"Content-Type": "application/json"}))

    def get_text(path):
        return send(path)


def run_batch(prompts, model="glm-4.7:batch"):
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
    input_file_id = post_file("requests.jsonl", jsonl)["id"]
    batch = post_json(
        "/batches",
        {"input_file_id": input_file_id, "endpoint": "/v1/chat/completions", "completion_window": "24h"},
    )
    while True:
        time.sleep(float(seconds))
        status = json.loads(get_text(f"/batches/{batch['id']}"))
        if status["status"] in ("succeeded", "failed", "expired", "cancelled"):
            break
    if status["status"] != "succeeded":
        raise RuntimeError(f"batch ended in status {status['status']}")
    body = get_text(f"/files/{status['output_file_id']}/content")
    results = {}
    for line in body.strip().splitlines():
        entry = json.loads(line)
        if entry["error"]:
            results[entry["custom_id"]] = f"ERROR: {entry['error']['message']}"
        else:
            choice = entry["response"]["body"]["choices"][0]
            results[entry["custom_id"]] = choice["message"]["content"]
    return results


with open(source, encoding="utf-8") as file:
    rows = [json.loads(line) for line in file]
answers = run_batch({row["custom_id"]: row["prompt"] for row in rows})
with open(target, "w", encoding="utf-8") as file:
    for cid, text in answers.items():
        file.write(json.dumps({"custom_id": cid, "text": text}) + "\n")
print(CLIENT)
