"""A client that knows nothing of the platform but its address: it learns the contract through server reflection, calls
over gRPC with grpcio, and over gRPC-Web with plain HTTP.

    client.py ADDRESS COMMAND [ARGUMENT ...]

Tokens come from the environment (MISSION_TOKEN, PROVINCE_TOKEN). Prints one JSON object."""

import json
import os
import struct
import sys
import urllib.request

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


class Client:
    def __init__(self, address):
        self.address = address
        self.channel = grpc.insecure_channel(address)
        self.reflection = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.reflection)

    def _method(self, path):
        service, name = path.split("/")
        return self.pool.FindServiceByName(service).methods_by_name[name]

    def _request(self, path, fields):
        request = message_factory.GetMessageClass(self._method(path).input_type)()
        return json_format.ParseDict(fields, request, descriptor_pool=self.pool)

    def _json(self, message):
        return json_format.MessageToDict(message, descriptor_pool=self.pool)

    def _stub(self, path, kind):
        answer = message_factory.GetMessageClass(self._method(path).output_type)
        return kind(f"/{path}", request_serializer=lambda m: m.SerializeToString(), response_deserializer=answer.FromString)

    def call(self, path, fields, token=None):
        metadata = [("authorization", f"Bearer {token}")] if token else []
        stub = self._stub(path, self.channel.unary_unary)
        return self._json(stub(self._request(path, fields), metadata=metadata, timeout=20))

    def refusal(self, path, fields, token=None):
        """Code, message and reason of a call that must fail."""
        try:
            answer = self.call(path, fields, token)
        except grpc.RpcError as error:
            details = dict(error.trailing_metadata() or []).get("grpc-status-details-bin", b"")
            return {"code": error.code().name, "message": error.details(), "details": details.decode("latin-1")}
        raise SystemExit(f"{path} took {fields}: {answer}")

    def watch(self, path, fields, token, wanted):
        """Reads a stream until `wanted` is true of what came so far."""
        stub = self._stub(path, self.channel.unary_stream)
        seen = []
        stream = stub(self._request(path, fields), metadata=[("authorization", f"Bearer {token}")], timeout=30)
        for answer in stream:
            seen += self._json(answer).get("changes", [])
            if wanted(seen):
                stream.cancel()
                return seen
        raise SystemExit(f"{path} ended early: {seen}")

    def web(self, path, fields, token=None):
        """The same call over gRPC-Web: HTTP/1.1, frames of a flag, a length and bytes; trailers are the last frame."""
        message = self._request(path, fields).SerializeToString()
        headers = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        body = struct.pack(">BI", 0, len(message)) + message
        request = urllib.request.Request(f"http://{self.address}/{path}", data=body, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=20) as response:
            data, status = response.read(), response.headers.get("grpc-status")
        answer, trailers = None, {}
        while data:
            flag, length = struct.unpack(">BI", data[:5])
            frame, data = data[5 : 5 + length], data[5 + length :]
            if flag & 0x80:
                pairs = (line.split(":", 1) for line in frame.decode().split("\r\n") if line)
                trailers = {key.strip().lower(): value.strip() for key, value in pairs}
            else:
                kind = message_factory.GetMessageClass(self._method(path).output_type)
                answer = self._json(kind.FromString(frame))
        return {"status": int(trailers.get("grpc-status", status)), "trailers": trailers, "answer": answer}


REGISTRY, INVESTMENT, EVENTS = "ngkt.registry.v1", "ngkt.investment.v1", "ngkt.events.v1"


def facts(client):
    """What anybody may read, over gRPC and over gRPC-Web."""
    localities = f"{REGISTRY}.LocalityService/ListLocalities"
    summary = f"{INVESTMENT}.FdiFlowService/SummarizeFdiFlows"
    rolled_up = {
        "breakdown": "LOCALITY", "view": "ROLLED_UP", "locality": "localities/bac-ninh", "fromYear": 2015, "toYear": 2020,
    }
    return {
        "services": sorted(client.reflection.get_services()),
        "before": len(client.call(localities, {"asOf": "2025-06-30", "pageSize": 1000})["localities"]),
        "after": len(client.call(localities, {"asOf": "2025-07-01", "pageSize": 1000})["localities"]),
        "cities": len(client.web(localities, {"asOf": "2026-09-20", "type": "CITY"})["answer"]["localities"]),
        "sum": client.call(summary, rolled_up)["total"]["capitalTotalMusd"],
        "webSum": client.web(summary, rolled_up)["answer"]["total"]["capitalTotalMusd"],
        "refused": client.refusal(f"{EVENTS}.EngagementService/ListEngagements", {}),
        "webRefused": client.web(f"{EVENTS}.EngagementService/ListEngagements", {}),
    }


def promise(client, due_date, start_date):
    """The mission's side of the story, until the due date: over gRPC, the lead over gRPC-Web."""
    token = os.environ["MISSION_TOKEN"]
    engagement = client.call(f"{EVENTS}.EngagementService/CreateEngagement", {"engagement": {
        "title": "Gặp gỡ Việt Nam", "kind": "EVENT", "format": "HYBRID", "mission": "missions/vn-in-emb",
        "countries": ["countries/IN"], "startDate": start_date,
    }}, token)
    lead = client.web(f"{INVESTMENT}.LeadService/CreateLead", {"lead": {
        "title": "Nhà máy dược", "country": "countries/IN", "mission": "missions/vn-in-emb", "engagement": engagement["name"],
    }}, token)
    commitment = client.call(f"{EVENTS}.CommitmentService/CreateCommitment", {"commitment": {
        "title": "Kết nối", "engagement": engagement["name"], "dueDate": due_date, "owner": "missions/vn-in-emb",
        "beneficiary": "localities/quang-ninh",
    }}, token)
    return {"engagement": engagement, "lead": lead, "commitment": commitment}


def overdue(client, name):
    """After the due date: what the mission and the province see, and how it ends."""
    mission, province = os.environ["MISSION_TOKEN"], os.environ["PROVINCE_TOKEN"]
    service = f"{EVENTS}.CommitmentService"
    late = client.call(f"{service}/GetCommitment", {"name": name}, province)
    refused = client.refusal(f"{service}/FulfilCommitment", {"name": name}, mission)
    web_refused = client.web(f"{service}/FulfilCommitment", {"name": name}, mission)
    evidence = [{"kind": "DOCUMENT", "description": "Biên bản ghi nhớ"}]
    fulfilled = client.call(f"{service}/FulfilCommitment", {"name": name, "evidence": evidence}, mission)

    def complete(changes):
        return {"commitment.created", "commitment.overdue", "commitment.fulfilled"} <= {c["type"] for c in changes}

    changes = client.watch(f"{EVENTS}.ChangeService/WatchChanges", {"types": ["commitment.*"]}, province, complete)
    return {
        "late": late, "refused": refused, "webRefused": web_refused, "fulfilled": fulfilled,
        "changes": [change["type"] for change in changes if change["resource"] == name],
    }


if __name__ == "__main__":
    address, command, *arguments = sys.argv[1:]
    print(json.dumps({"facts": facts, "promise": promise, "overdue": overdue}[command](Client(address), *arguments)))
