"""Sweep: the function that erases what expired, and the schedule by which EventBridge calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, aws_events as events, aws_iam as iam, aws_lambda as lambda_
from constructs import Construct

from infra.config import SWEEP_SCHEDULE, Config
from infra.function import backend_function

# A call that could not start by then is useless: the schedule makes the next one.
USELESS_AFTER = Duration.minutes(15)
# Much less than lies between two runs, so that one seldom meets another, which would do no harm.
TIMEOUT = Duration.minutes(5)


class Sweep(Construct):
    """Every quarter of an hour one call, which goes on where the last one stopped.

    No concurrency is reserved for it: a young account has ten workers in all, and the page's requests need them.
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
        """Make function and schedule, and let this schedule alone call it."""
        super().__init__(scope, name)
        self.function = backend_function(
            self,
            config=config,
            code=code,
            service="sweep",
            timeout=TIMEOUT,
            environment=environment,
            grants=grants,
        )
        # The next run is the retry. Otherwise EventBridge and Lambda would keep calls for hours while the function
        # cannot run, and then make them all at once.
        self.function.configure_async_invoke(max_event_age=USELESS_AFTER, retry_attempts=0)
        rule = events.CfnRule(
            self,
            "Schedule",
            schedule_expression=SWEEP_SCHEDULE,
            targets=[
                events.CfnRule.TargetProperty(
                    id="Sweep",
                    arn=self.function.function_arn,
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=USELESS_AFTER.to_seconds()
                    ),
                )
            ],
        )
        lambda_.CfnPermission(
            self,
            "ScheduleMayCall",
            action="lambda:InvokeFunction",
            function_name=self.function.function_arn,
            principal="events.amazonaws.com",
            source_arn=rule.attr_arn,
        )
