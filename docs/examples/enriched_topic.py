"""Follows the results of an enrichment: one line for each change, repetitions left out.

    pip install confluent-kafka
    python enriched_topic.py kafka:9092 afterglow.enriched.fraud my-group

`Changes` is all that the topic asks of a consumer (see docs/topics.md) and needs no Kafka library: with `-` instead of an
address it reads one JSON array [key, value or null, headers] a line from standard input.
"""

import json
import sys
from collections import OrderedDict

KNOWN_TYPE = "dev.afterglow.enriched.v1"


def fence_of(event):
    """What is newer is greater: tuples are compared from the left."""
    source = event["source"]
    position = (source["epoch"], source["commit_lsn"], source["event_index"])
    return (*position, event["revision"], event["status"] == "scored")


class Changes:
    """Turns records into changes: ("outcome", key, event), ("deleted", key, None) or ("truncated", None, position)."""

    def __init__(self, keys_max=100_000):
        self.keys_max = keys_max
        # key -> (fence, whether a tombstone is to follow); the key touched last stands last
        self.seen = OrderedDict()
        self.truncated = ()

    def read(self, key, value, headers):
        """Returns None for a repetition and for what is older than what was seen."""
        if value is None:
            return self._tombstone(key)
        event_type = headers.get("ce_type", KNOWN_TYPE)
        if event_type != KNOWN_TYPE:
            raise ValueError(f"this program knows {KNOWN_TYPE}, and the event is {event_type}")
        event = json.loads(value)
        fence = fence_of(event)
        if event["status"] == "truncated":
            return self._truncate(fence[:3])
        is_newer = fence[:3] >= self.truncated and (key not in self.seen or fence > self.seen[key][0])
        is_deleted = event["status"] == "deleted"
        self._touch(key, fence if is_newer else self.seen.get(key, (fence,))[0], is_deleted)
        if not is_newer:
            return None
        return ("deleted", key, None) if is_deleted else ("outcome", key, event)

    def _tombstone(self, key):
        fence, follows = self.seen.get(key, (None, False))
        if fence is not None:
            # Alone it is a deletion, at the place of what it deletes; a repetition of that result wins again.
            self._touch(key, fence if follows else (*fence[:4], False), False)
        return None if follows else ("deleted", key, None)

    def _truncate(self, position):
        if position <= self.truncated:
            return None
        self.truncated = position
        for key in [key for key, (fence, _) in self.seen.items() if fence[:3] < position]:
            del self.seen[key]
        return ("truncated", None, position)

    def _touch(self, key, fence, follows):
        self.seen[key] = (fence, follows)
        self.seen.move_to_end(key)
        if len(self.seen) > self.keys_max:
            self.seen.popitem(last=False)


def from_standard_input():
    for line in sys.stdin:
        key, value, headers = json.loads(line)
        yield key, value, headers


def from_kafka(brokers, topic, group):
    from confluent_kafka import Consumer, KafkaException

    settings = {"bootstrap.servers": brokers, "group.id": group, "auto.offset.reset": "earliest"}
    # The offset of a record is committed only when its turn is over.
    consumer = Consumer({**settings, "enable.auto.offset.store": False})
    consumer.subscribe([topic])
    try:
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            headers = {name: text.decode() for name, text in message.headers() or []}
            value = None if message.value() is None else message.value().decode()
            yield message.key().decode(), value, headers
            consumer.store_offsets(message)
    finally:
        consumer.close()


def main():
    records = from_standard_input() if sys.argv[1:] == ["-"] else from_kafka(*sys.argv[1:4])
    changes = Changes()
    for key, value, headers in records:
        change = changes.read(key, value, headers)
        if change is None:
            continue
        kind, key, event = change
        if kind == "outcome" and event["status"] == "scored":
            print(key, "scored", json.dumps(event["result"]), flush=True)
        else:
            print(key or "{}", event["status"] if kind == "outcome" else kind, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
