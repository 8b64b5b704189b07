"""What an embassy records reaches a province, told through the gateway by a client that none of us wrote.

story.py URL FOLDER record|verify: FOLDER holds the tokens (mission, province) and what was recorded before. `record` records
an engagement with a commitment and waits until the province's inbox tells of both; `verify` finds all that was recorded.
"""

import json
import pathlib
import sys
import time
import urllib.error
import urllib.request
import uuid

url, folder, act = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
ledger = folder / "ledger"


def call(who, path, body=None):
    """Answers with JSON. A write carries a key, so that the platform may repeat it; nothing is repeated here."""
    headers = {"authorization": "Bearer " + (folder / who).read_text(), "content-type": "application/json"}
    if body is not None:
        headers["idempotency-key"] = str(uuid.uuid4())
    request = urllib.request.Request(url + path, json.dumps(body).encode() if body is not None else None, headers)
    try:
        return json.load(urllib.request.urlopen(request, timeout=30))
    except urllib.error.HTTPError as refused:
        sys.exit(f"{path} as {who}: {refused.code} {refused.read().decode()}")


def inbox():
    """How often the province was told of each record."""
    told, token = {}, ""
    while True:
        page = call("province", f"/v1/inboxMessages?pageSize=1000&pageToken={token}")
        for message in page["inboxMessages"]:
            subject = message["payload"]["name"]
            told[subject] = told.get(subject, 0) + 1
        token = page.get("nextPageToken", "")
        if not token:
            return told


def expect_told(names):
    for _ in range(120):
        told = inbox()
        if all(told.get(name) == 1 for name in names):
            return
        if any(told.get(name, 0) > 1 for name in names):
            sys.exit(f"told more than once: {told}")
        time.sleep(0.5)
    sys.exit(f"not told within a minute: {[name for name in names if name not in told]}")


if act == "record":
    if not ledger.exists():
        call("province", "/v1/subscriptions", {"inbox": True})
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 3600))
    visit = {"title": "Gặp gỡ Việt Nam", "kind": "MEETING", "startDate": today, "localities": ["localities/quang-ninh"]}
    visit = call("mission", "/v1/engagements", visit)
    promise = {"title": "Kết nối doanh nghiệp", "engagement": visit["name"], "dueDate": today, "owner": "missions/vn-in-emb"}
    promise["beneficiary"] = "localities/quang-ninh"
    promise = call("mission", "/v1/commitments", promise)
    with ledger.open("a") as lines:
        lines.write(json.dumps(visit) + "\n" + json.dumps(promise) + "\n")
    expect_told([visit["name"], promise["name"]])
    print(f"{visit['name']} and {promise['name']} are in the province's inbox")
else:
    records = [json.loads(line) for line in ledger.read_text().splitlines()]
    for record in records:
        found = call("mission", "/v1/" + record["name"])
        if found != record:
            sys.exit(f"{record} has become {found}")
    expect_told([record["name"] for record in records])
    print(f"{len(records)} records are as they were, and the province was told of each once")
