"""Monitoring: what the operator is told without asking (alarms, by the topic Alerts), and what can be looked at."""

from __future__ import annotations

from typing import cast

from aws_cdk import (
    Aws,
    Duration,
    RemovalPolicy,
    Stack,
    aws_cloudwatch as cloudwatch,
    aws_cloudwatch_actions as actions,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_sns as sns,
)
from constructs import Construct

from infra.config import SLOW_LINK_SECONDS, Config
from infra.dashboard import Watched, make_dashboard
from infra.function import allow, emitted
from infra.links import TRIES, Links
from infra.sweep import Sweep
from infra.web import WebApi

FIVE_MINUTES = Duration.minutes(5)
# SQS no longer counts a message in this metric once it has been received three times. So a failing arrival must have
# had these receives before the alarm goes off.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
WAITED_TOO_LONG = Duration.minutes(10)
# As long as lies between two runs of sweep.
QUARTER = Duration.minutes(15)
NEAR_THE_LIMIT = 0.8


class Alerts(Construct):
    """The topic by which the operator is told what needs a person: encrypted, TLS only.

    The key is our own, because CloudWatch may not use the one that AWS manages for SNS: alarms would go off unheard.
    https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
    """

    def __init__(self, scope: Construct, name: str, *, config: Config) -> None:
        """Make key and topic, let this account's alarms use both, and subscribe the operator's address if there is one.

        The address gets a mail and hears nothing more until it has confirmed.
        """
        super().__init__(scope, name)
        self._key = kms.Key(
            self,
            "Key",
            description="Sidestep: what its operator is told",
            enable_key_rotation=True,
            # SNS keeps no message that would still have to be read.
            removal_policy=RemovalPolicy.DESTROY,
            pending_window=Duration.days(7),
        )
        self.topic = sns.Topic(
            self,
            "Topic",
            display_name="Sidestep",
            master_key=cast("kms.IKey", self._key),
            # The local cloud speaks plain HTTP.
            enforce_ssl=not config.is_local,
        )
        self._key.add_to_resource_policy(self._for_alarms(["kms:Decrypt", "kms:GenerateDataKey*"], "*"))
        # A topic's own policy takes the place of the one that lets the account's alarms in.
        self.topic.add_to_resource_policy(self._for_alarms(["sns:Publish"], self.topic.topic_arn))
        if config.alert_email:
            sns.Subscription(
                self,
                "Operator",
                topic=cast("sns.ITopic", self.topic),
                protocol=sns.SubscriptionProtocol.EMAIL,
                endpoint=config.alert_email,
            )

    def grants(self) -> list[iam.PolicyStatement]:
        """Return what a function's role needs in order to publish."""
        return [
            allow(["sns:Publish"], self.topic.topic_arn),
            allow(["kms:Decrypt", "kms:GenerateDataKey"], self._key.key_arn),
        ]

    @staticmethod
    def _for_alarms(what: list[str], resource: str) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=what,
            principals=[cast("iam.IPrincipal", iam.ServicePrincipal("cloudwatch.amazonaws.com"))],
            resources=[resource],
            conditions={
                "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:*"},
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            },
        )


class Monitoring(Construct):
    """The alarms, each with an entry of its name in docs/runbook.md, and the dashboard.

    Nearly all of them take silence for a good sign: what they count is counted only when it happens, and on an idle day
    nothing does. None tells that it is over, since an alarm that has just been made goes over to "OK" and would say so.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        config: Config,
        alerts: Alerts,
        watched: Watched,
    ) -> None:
        """Watch what the other constructs made."""
        super().__init__(scope, name)
        self._to_operator = actions.SnsAction(cast("sns.ITopic", alerts.topic))
        self._alarms: list[cloudwatch.Alarm] = []
        self._watch_requests(watched.web)
        self._watch_links(watched.links)
        self._watch_sweep(watched.sweep)
        self._watch_limits(config)
        if watched.takedown:
            self._watch_takedown(watched.takedown)
        self.dashboard = make_dashboard(
            self, config=config, alarms=self._alarms, slow_link_seconds=SLOW_LINK_SECONDS, watched=watched
        )

    def _watch_requests(self, web: WebApi) -> None:
        self._alarm(
            "API errors",
            "More than one request in twenty failed within five minutes.",
            # This metric's average is the share of requests that got a 5xx. A share, because a huge file's completion
            # may well outlast the gateway's 29 seconds, 504, among its page's many polls. One period, because whoever
            # gets an error for the page itself does not stay to get a second one.
            web.stage.metric_server_error(statistic="Average", period=FIVE_MINUTES),
            above=0.05,
        )

    def _watch_links(self, links: Links) -> None:
        self._alarm(
            "Links crashes",
            "The links function crashed or ran out of time.",
            # It catches whatever may happen to a file or a request, so each of these is a fault.
            links.function.metric_errors(statistic="Sum", period=FIVE_MINUTES),
            above=0,
        )
        self._alarm(
            "Links failures",
            "The links function failed three times within five minutes at what it was asked or told.",
            # One is healed by the next try, two minutes later; three may be one file that never gets its link.
            emitted("links", "Failures", statistic="Sum", period=FIVE_MINUTES),
            above=2,
        )
        self._alarm(
            "Dead letters",
            f"The links function could not handle the arrival of some files in {TRIES} tries: they have no links yet.",
            # A queue that holds messages reports; one that has been empty for hours falls silent.
            links.dead_letters.metric_approximate_number_of_messages_visible(statistic="Maximum", period=FIVE_MINUTES),
            above=0,
        )
        self._alarm(
            "Slow links",
            f"More than one file in a hundred waited over {SLOW_LINK_SECONDS} seconds for its link.",
            # Where fewer than a hundred files arrive, one that waited is enough, and should be: someone sat before it.
            emitted("links", "SecondsToLink", statistic="p99", period=FIVE_MINUTES),
            above=SLOW_LINK_SECONDS,
        )
        self._alarm(
            "Waiting arrivals",
            "Nobody takes arrivals from the queue: some have waited for more than ten minutes.",
            # The delay above is known only of links that came. When none comes at all, this is what shows. The function
            # handles 250 files a second.
            links.arrivals.metric_approximate_age_of_oldest_message(statistic="Maximum", period=FIVE_MINUTES),
            above=WAITED_TOO_LONG.to_seconds(),
        )

    def _watch_sweep(self, sweep: Sweep) -> None:
        # One bad run harms nobody: the next one goes on. Two of three, because a run may slip into the next quarter.
        self._alarm(
            "Sweep crashes",
            "Erasing what has expired crashed or ran out of time, twice within 45 minutes.",
            sweep.function.metric_errors(statistic="Sum", period=QUARTER),
            above=0,
            periods=3,
            of_which=2,
        )
        self._alarm(
            "Sweep failures",
            "Transfers that have expired could not be erased, twice within 45 minutes.",
            emitted("sweep", "SweepFailures", statistic="Sum", period=QUARTER),
            above=0,
            periods=3,
            of_which=2,
        )
        self._alarm(
            "Sweep stopped",
            "Nothing that has expired was erased for an hour: the sweep function has not been called.",
            # What is not called reports nothing, so here silence is the fault. A new deployment is in this alarm for
            # its first quarter of an hour, in which hardly anybody has confirmed the subscription yet.
            sweep.function.metric_invocations(statistic="Sum", period=Duration.hours(1)),
            below=1,
            silence=cloudwatch.TreatMissingData.BREACHING,
        )

    def _watch_limits(self, config: Config) -> None:
        self._alarm(
            "Daily bytes",
            "Senders have reserved most of the bytes that a day may have.",
            # CloudWatch's day is the last 24 hours, the limit's the calendar's: this may warn early, but never late.
            emitted("web", "BytesReserved", statistic="Sum", period=Duration.days(1)),
            above=NEAR_THE_LIMIT * config.max_bytes_per_day,
        )

    def _watch_takedown(self, takedown: lambda_.Function) -> None:
        self._alarm(
            "Takedown crashes",
            "What an operator has blocked could not be moved to the evidence.",
            # Lambda calls again, twice; but a person is waiting for this one, and should see how it ends.
            takedown.metric_errors(statistic="Sum", period=FIVE_MINUTES),
            above=0,
        )
        self._alarm(
            "Takedown given up",
            "What an operator has blocked will not be moved to the evidence: Lambda does not try it any more.",
            # After three failures, or an hour in which it could not even begin; of the latter no error tells.
            takedown.metric("AsyncEventsDropped", statistic="Sum", period=FIVE_MINUTES),
            above=0,
        )

    def _alarm(
        self,
        name: str,
        meaning: str,
        metric: cloudwatch.Metric,
        *,
        above: float | None = None,
        below: float = 0,
        periods: int = 1,
        of_which: int = 1,
        silence: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        """Tell the operator when the metric is beyond its threshold in `of_which` of the last `periods` periods."""
        too_low = above is None
        alarm = cloudwatch.Alarm(
            self,
            name.title().replace(" ", ""),
            alarm_name="-".join([Stack.of(self).stack_name, *name.lower().split()]),
            alarm_description=f"{meaning} What to do is in docs/runbook.md, under “{name}”.",
            metric=cast("cloudwatch.IMetric", metric),
            threshold=below if too_low else above,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
            if too_low
            else cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=periods,
            datapoints_to_alarm=of_which,
            treat_missing_data=silence,
        )
        alarm.add_alarm_action(cast("cloudwatch.IAlarmAction", self._to_operator))
        self._alarms.append(alarm)
