"""The dashboard: three questions, and under each what answers it at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from aws_cdk import Aws, Duration, Stack, aws_cloudwatch as cloudwatch, aws_lambda as lambda_
from constructs import Construct

from infra.config import Config
from infra.function import MEMORY_MIB, emitted
from infra.links import Links
from infra.storage import FileStore
from infra.sweep import Sweep
from infra.web import WebApi

FIVE_MINUTES = Duration.minutes(5)
DAY = Duration.days(1)
WHOLE = 24  # columns of a dashboard
THIRD = WHOLE // 3
QUARTER = WHOLE // 4
HEIGHT = 6
FORTNIGHT = "-P14D"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What there is to be looked at; `takedown` only where operators have accounts."""

    store: FileStore
    links: Links
    web: WebApi
    sweep: Sweep
    takedown: lambda_.Function | None

    @property
    def functions(self) -> dict[str, lambda_.Function]:
        """Return all functions by the name of their service."""
        found = {"web": self.web.function, "links": self.links.function, "sweep": self.sweep.function}
        return {**found, "takedown": self.takedown} if self.takedown else found


def make_dashboard(
    scope: Construct,
    *,
    config: Config,
    alarms: Sequence[cloudwatch.Alarm],
    slow_link_seconds: int,
    watched: Watched,
) -> cloudwatch.Dashboard:
    """Make the dashboard: all alarms, then uploads, links, costs."""
    dashboard = cloudwatch.Dashboard(
        scope,
        "Dashboard",
        # Dashboards belong to the account, not to a region of it.
        dashboard_name=f"{Stack.of(scope).stack_name}-{Aws.REGION}",
        default_interval=Duration.days(1),
    )
    dashboard.add_widgets(
        cloudwatch.AlarmStatusWidget(
            title="Alarms: docs/runbook.md says what each means and what to do",
            alarms=[cast("cloudwatch.IAlarm", alarm) for alarm in alarms],
            width=WHOLE,
            height=3,
        )
    )
    _add(dashboard, "Are uploads working?", _uploads(watched))
    _add(dashboard, "How fast do links appear?", _links(watched.links, watched.web, slow_link_seconds))
    _add(dashboard, "What does it cost, by the day?", _costs(config, watched))
    return dashboard


def _uploads(watched: Watched) -> list[cloudwatch.GraphWidget]:
    links, web = watched.links, watched.web
    return [
        _graph(
            "Begun and arrived",
            THIRD,
            emitted("web", "TransfersCreated", statistic="Sum", period=FIVE_MINUTES).with_(label="transfers begun"),
            emitted("links", "BytesStored", statistic="SampleCount", period=FIVE_MINUTES).with_(label="files stored"),
        ),
        _graph(
            "Requests",
            THIRD,
            web.stage.metric_count(statistic="Sum", period=FIVE_MINUTES, label="all"),
            web.stage.metric_client_error(statistic="Sum", period=FIVE_MINUTES, label="4xx"),
            web.stage.metric_server_error(statistic="Sum", period=FIVE_MINUTES, label="5xx"),
        ),
        _graph(
            "Failures",
            THIRD,
            emitted("web", "Failures", statistic="Sum", period=FIVE_MINUTES).with_(label="web: failures"),
            emitted("links", "Failures", statistic="Sum", period=FIVE_MINUTES).with_(label="links: failures"),
            emitted("sweep", "SweepFailures", statistic="Sum", period=FIVE_MINUTES).with_(label="sweep: failures"),
            *(
                function.metric_errors(statistic="Sum", period=FIVE_MINUTES, label=f"{name}: crashes")
                for name, function in watched.functions.items()
            ),
            links.dead_letters.metric_approximate_number_of_messages_visible(
                statistic="Maximum", period=FIVE_MINUTES, label="dead letters"
            ),
        ),
    ]


def _links(links: Links, web: WebApi, slow_link_seconds: int) -> list[cloudwatch.GraphWidget]:
    return [
        _graph(
            "Seconds from S3 to the link",
            THIRD,
            *(
                emitted("links", "SecondsToLink", statistic=share, period=FIVE_MINUTES).with_(label=share)
                for share in ("p50", "p90", "p99")
            ),
            line=cloudwatch.HorizontalAnnotation(value=slow_link_seconds, label="slow"),
        ),
        _graph(
            "Arrivals that wait",
            THIRD,
            links.arrivals.metric_approximate_number_of_messages_visible(
                statistic="Maximum", period=FIVE_MINUTES, label="files"
            ),
            links.arrivals.metric_approximate_age_of_oldest_message(
                statistic="Maximum", period=FIVE_MINUTES, label="oldest, in seconds"
            ),
        ),
        _graph(
            "Milliseconds to an answer",
            THIRD,
            web.stage.metric_latency(statistic="p50", period=FIVE_MINUTES, label="p50"),
            web.stage.metric_latency(statistic="p99", period=FIVE_MINUTES, label="p99"),
        ),
    ]


def _costs(config: Config, watched: Watched) -> list[cloudwatch.GraphWidget]:
    store, web = watched.store, watched.web
    milliseconds = {
        name: cast("cloudwatch.IMetric", function.metric_duration(statistic="Sum", period=DAY))
        for name, function in watched.functions.items()
    }
    return [
        _graph(
            "Requests and GB-seconds",
            QUARTER,
            web.stage.metric_count(statistic="Sum", period=DAY, label="requests"),
            cloudwatch.MathExpression(
                expression=f"({' + '.join(milliseconds)}) / 1000 * {MEMORY_MIB / 1024}",
                using_metrics=milliseconds,
                period=DAY,
                label="Lambda, GB-seconds",
            ),
            start=FORTNIGHT,
        ),
        _graph(
            "Bytes that came and went",
            QUARTER,
            emitted("web", "BytesReserved", statistic="Sum", period=DAY).with_(label="reserved"),
            emitted("links", "BytesStored", statistic="Sum", period=DAY).with_(label="stored"),
            emitted("sweep", "BytesFreed", statistic="Sum", period=DAY).with_(label="swept"),
            line=cloudwatch.HorizontalAnnotation(value=config.max_bytes_per_day, label="limit"),
            start=FORTNIGHT,
        ),
        # S3 counts once a day. What recipients download it does not count at all, unless it is paid to.
        _graph(
            "Bytes that S3 holds",
            QUARTER,
            cloudwatch.Metric(
                namespace="AWS/S3",
                metric_name="BucketSizeBytes",
                dimensions_map={"BucketName": store.bucket.bucket_name, "StorageType": "StandardStorage"},
                statistic="Average",
                period=DAY,
                label="bytes",
            ),
            start=FORTNIGHT,
        ),
        _graph(
            "DynamoDB",
            QUARTER,
            store.table.metric_consumed_read_capacity_units(statistic="Sum", period=DAY, label="reads"),
            store.table.metric_consumed_write_capacity_units(statistic="Sum", period=DAY, label="writes"),
            start=FORTNIGHT,
        ),
    ]


def _add(dashboard: cloudwatch.Dashboard, question: str, graphs: list[cloudwatch.GraphWidget]) -> None:
    heading = cloudwatch.TextWidget(
        markdown=f"## {question}", width=WHOLE, height=1, background=cloudwatch.TextWidgetBackground.TRANSPARENT
    )
    dashboard.add_widgets(cast("cloudwatch.IWidget", heading))
    dashboard.add_widgets(*(cast("cloudwatch.IWidget", graph) for graph in graphs))


def _graph(
    title: str,
    width: int,
    *metrics: cloudwatch.Metric | cloudwatch.MathExpression,
    line: cloudwatch.HorizontalAnnotation | None = None,
    start: str | None = None,
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        width=width,
        height=HEIGHT,
        left=[cast("cloudwatch.IMetric", metric) for metric in metrics],
        left_annotations=[line] if line else None,
        start=start,
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
    )
