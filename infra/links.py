"""Links: the function that is called when a file is there, the queue by which S3 calls it, and its dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, aws_iam as iam, aws_lambda as lambda_, aws_sqs as sqs
from constructs import Construct

from infra.config import LINKS_CONCURRENCY, Config
from infra.findings import accept
from infra.function import allow, backend_function

# The most that answering a request takes; a batch of arrivals takes less.
TIMEOUT = Duration.seconds(20)
# A failed arrival is retried after this. Meanwhile Lambda itself retries if the function is
# throttled: "at least six times the configuration timeout on your function",
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
TRY_AGAIN = Duration.seconds(6 * TIMEOUT.to_seconds())
# AWS recommends at least five. Ten take 20 minutes, so a short outage leaves no dead letters.
TRIES = 10
LONGEST = Duration.days(14)
# The most events in one call.
BATCH = 10


class Links(Construct):
    """S3's events wait in a queue, so that ten thousand small files that arrive together start no ten thousand workers.

    Called by S3 itself, each event would start a worker of its own, and a young account may run ten, which the page's
    requests need too. From the queue a few workers take ten events at a time, and of these only the one that fails
    returns to the queue; after ten tries it goes to the dead-letter queue.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        config: Config,
        code: lambda_.Code,
        environment: Mapping[str, str],
        grants: Sequence[iam.PolicyStatement],
    ) -> None:
        """Make queues and function; who may call it is said where the callers are made."""
        super().__init__(scope, name)
        self.dead_letters = self._queue("DeadLetters", config, retention_period=LONGEST)
        self.arrivals = self._queue(
            "Arrivals",
            config,
            # As long as SQS can: nothing may be lost while the function cannot run.
            retention_period=LONGEST,
            visibility_timeout=TRY_AGAIN,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=TRIES),
        )
        self.function = backend_function(
            self,
            config=config,
            code=code,
            service="links",
            timeout=TIMEOUT,
            environment=environment,
            grants=[
                *grants,
                allow(["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], self.arrivals.queue_arn),
            ],
        )
        lambda_.CfnEventSourceMapping(
            self,
            "Take",
            event_source_arn=self.arrivals.queue_arn,
            function_name=self.function.function_name,
            batch_size=BATCH,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(maximum_concurrency=LINKS_CONCURRENCY),
        )

    def _queue(
        self,
        name: str,
        config: Config,
        *,
        retention_period: Duration | None = None,
        visibility_timeout: Duration | None = None,
        dead_letter_queue: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=not config.is_local,
            retention_period=retention_period,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=dead_letter_queue,
        )
        accept(queue, "SQS encrypts with its own key, and a message holds no more than a file's key.", "CKV_AWS_27")
        return queue
