"""A temporary queue that gets what is published to a topic, as the operator's mailbox would."""

import json
import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any

from e2e.cloud import Cloud

# The prefix of the queues' names, so that a leftover one can be recognized.
PREFIX = "sidestep-listening-"


@contextmanager
def listening(cloud: Cloud, topic: str) -> Generator[str]:
    """Subscribe a queue of its own to a topic, return its URL, and remove both at the end.

    A queue of the same account needs no confirmation, only a policy that lets SNS in.
    https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
    """
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    region, account = topic.split(":")[3:5]
    name = PREFIX + os.urandom(6).hex()
    queue = f"arn:{topic.split(':')[1]}:sqs:{region}:{account}:{name}"
    let_in = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    with ExitStack() as stack:
        # The policy comes with the queue: a change takes up to a minute to spread.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
        policy = json.dumps({"Version": "2012-10-17", "Statement": [let_in]})
        url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
        stack.callback(sqs.delete_queue, QueueUrl=url)
        subscribed = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True)
        stack.callback(sns.unsubscribe, SubscriptionArn=subscribed["SubscriptionArn"])
        yield url


def heard(cloud: Cloud, queue: str) -> list[Any]:
    """Return the messages since the last call, each as SNS's JSON."""
    sqs = cloud.client("sqs")
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    for each in found:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
    return [json.loads(each["Body"]) for each in found]
