"""How transfers end: they expire, and the sweep deletes them."""

import json
import time
from typing import Any

from e2e.cloud import Cloud


def sweep(cloud: Cloud) -> Any:
    """Call the function and return what it says."""
    answer = cloud.client("lambda").invoke(FunctionName=cloud.outputs["SweepFunction"], Payload=b"{}")
    said = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, said
    return said


def expire(cloud: Cloud, transfer: Any, **more: Any) -> None:
    """Set a transfer's expiry to a second ago, as the administrator; `more` sets other attributes."""
    values = {"expires_at": {"N": str(int(time.time()) - 1)}, **more}
    cloud.client("dynamodb").update_item(
        TableName=cloud.outputs["Table"],
        Key={"pk": {"S": transfer["id"]}, "sk": {"S": "transfer"}},
        UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in values)}",
        ExpressionAttributeNames={f"#{name}": name for name in values},
        ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
    )


def items(cloud: Cloud, transfer: Any) -> list[str]:
    """Return the sort keys of a transfer's items."""
    pages = cloud.client("dynamodb").get_paginator("query")
    found = pages.paginate(
        TableName=cloud.outputs["Table"],
        ConsistentRead=True,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": transfer["id"]}},
    )
    return [item["sk"]["S"] for page in found for item in page["Items"]]
