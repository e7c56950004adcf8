"""Redriving: what is moved, what stays, and what is said when SQS refuses."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest

from infra import steps
from infra.redrive import redrive


class Queues:
    """SQS's side of it: two queues, of which the second may give back at once what it is sent, or refuse it."""

    def __init__(self, *letters: str, kills: Sequence[str] = (), refuses: Sequence[str] = ()) -> None:
        """Put the letters into the queue `dead`."""
        self._ids = count(1)
        self._kills, self._refuses = kills, refuses
        self.dead = {f"m{next(self._ids)}": letter for letter in letters}
        self.arrived = list[str]()

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, WaitTimeSeconds: int) -> dict[str, Any]:  # noqa: N803
        """Hand out the oldest."""
        assert (QueueUrl, WaitTimeSeconds > 0) == ("dead", True)
        found = list(self.dead.items())[:MaxNumberOfMessages]
        messages = [{"MessageId": name, "ReceiptHandle": name, "Body": body} for name, body in found]
        return {"Messages": messages} if messages else {}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        """Take what is sent."""
        assert QueueUrl == "arrivals"
        answer = dict[str, list[dict[str, str]]]()
        for entry in Entries:
            body = entry["MessageBody"]
            if body in self._refuses:
                answer.setdefault("Failed", []).append({"Id": entry["Id"], "Message": "too long"})
                continue
            name = f"m{next(self._ids)}"
            self.arrived.append(body)
            if body in self._kills:
                self.dead[name] = body
            answer.setdefault("Successful", []).append({"Id": entry["Id"], "MessageId": name})
        return answer

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        """Forget what is named."""
        assert QueueUrl == "dead"
        for entry in Entries:
            del self.dead[entry["ReceiptHandle"]]
        return {}


def test_every_letter_is_moved_and_counted() -> None:
    """More than SQS hands out at once."""
    letters = [str(number) for number in range(25)]
    queues = Queues(*letters)
    assert redrive(queues, "dead", "arrivals") == 25
    assert (queues.arrived, queues.dead) == (letters, {})


def test_a_letter_that_dies_again_is_moved_once() -> None:
    """However quickly it comes back, this ends."""
    queues = Queues("good", "bad", kills=["bad"])
    assert redrive(queues, "dead", "arrivals") == 2
    assert queues.arrived == ["good", "bad"]
    assert list(queues.dead.values()) == ["bad"]


def test_a_letter_that_is_refused_stays() -> None:
    """What SQS did not take is not deleted, what it took is; and it is said."""
    queues = Queues("good", "long", refuses=["long"])
    with pytest.raises(steps.Trouble, match="After 1 dead letters SQS took no more: too long"):
        redrive(queues, "dead", "arrivals")
    assert list(queues.dead.values()) == ["long"]


@pytest.mark.parametrize(("word", "option"), [([], ""), (["PORT=4600"], " --port 4600")])
def test_only_a_port_that_is_named_means_the_local_cloud(word: list[str], option: str) -> None:
    """`make redrive` alone is for AWS, although `make run` alone takes a port of its own."""
    command = ["make", "--dry-run", "redrive", *word]
    env = {"PATH": os.environ["PATH"]}
    said = subprocess.run(command, cwd=steps.ROOT, env=env, capture_output=True, text=True, check=True).stdout
    assert said.strip() == f"exec python3 -m infra.aws redrive{option}"
