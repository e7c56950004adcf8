"""AWS's list prices, in US dollars, for us-east-1 and beyond what is free of charge."""

from dataclasses import dataclass

from bench.cost.counter import API, API_BYTES, READ_UNITS, S3_CHEAP, S3_DEAR, WRITE_UNITS

KNOWN_ON = "2026-11-26"
# AWS's GB have 2^30 bytes.
GB = 2**30
MILLION = 10**6

INVOCATIONS = "Lambda: calls"
GB_SECONDS = "Lambda: GB-seconds"
QUEUE = "SQS: requests"
LOGS = "CloudWatch: log bytes"
TRACES = "X-Ray: traces"
KEPT = "S3: GB-months kept"
DOWNLOADED = "S3: bytes downloaded"


@dataclass(frozen=True, kw_only=True)
class Price:
    """What so much of a thing costs."""

    dollars: float
    per: float
    words: str
    source: str

    def of(self, amount: float) -> float:
        """Return what an amount costs, in dollars."""
        return amount / self.per * self.dollars


PRICES = {
    API: Price(dollars=3.50, per=MILLION, words="a million", source="https://aws.amazon.com/api-gateway/pricing/"),
    API_BYTES: Price(
        dollars=0.09, per=GB, words="a GB", source="https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer"
    ),
    INVOCATIONS: Price(dollars=0.20, per=MILLION, words="a million", source="https://aws.amazon.com/lambda/pricing/"),
    GB_SECONDS: Price(
        dollars=0.0000133334, per=1, words="one, on ARM", source="https://aws.amazon.com/lambda/pricing/"
    ),
    WRITE_UNITS: Price(
        dollars=0.625, per=MILLION, words="a million", source="https://aws.amazon.com/dynamodb/pricing/on-demand/"
    ),
    READ_UNITS: Price(
        dollars=0.125, per=MILLION, words="a million", source="https://aws.amazon.com/dynamodb/pricing/on-demand/"
    ),
    QUEUE: Price(dollars=0.40, per=MILLION, words="a million", source="https://aws.amazon.com/sqs/pricing/"),
    S3_DEAR: Price(dollars=0.005, per=1_000, words="a thousand", source="https://aws.amazon.com/s3/pricing/"),
    S3_CHEAP: Price(dollars=0.0004, per=1_000, words="a thousand", source="https://aws.amazon.com/s3/pricing/"),
    LOGS: Price(dollars=0.50, per=GB, words="a GB", source="https://aws.amazon.com/cloudwatch/pricing/"),
    TRACES: Price(dollars=5.00, per=MILLION, words="a million", source="https://aws.amazon.com/xray/pricing/"),
    KEPT: Price(dollars=0.023, per=1, words="one", source="https://aws.amazon.com/s3/pricing/"),
    DOWNLOADED: Price(
        dollars=0.09, per=GB, words="a GB", source="https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer"
    ),
}
