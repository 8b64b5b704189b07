"""The benchmarks by name, and how long each takes."""

import collections

Pace = collections.namedtuple("Pace", "rotations seconds")

import faces  # noqa: E402
import footprint  # noqa: E402
import storage  # noqa: E402

ALL = {
    "gateway": faces.rest,
    "grpc": faces.grpc,
    "paced": faces.paced,
    "reads": storage.reads,
    "writes": storage.writes,
    "feed": storage.feed,
    "sqlite": storage.sqlite,
    "footprint": footprint.run,
}
