"""What a role could try on a deployment: for each action the call that needs it, on each resource that there is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

REGION = "us-east-1"
ACCOUNT = "000000000000"
# A transfer that never was: whatever is done to its records and objects harms nobody.
NOBODY = "a" * 26
OTHER_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
OTHER_TABLE = "of-somebody-else"


@dataclass(frozen=True)
class Deed:
    """A call by botocore's names, and the right that it needs."""

    action: str
    resource: str
    method: str
    arguments: dict[str, Any]

    @property
    def service(self) -> str:
        """Return what botocore calls the service."""
        return self.action.partition(":")[0]


def on_objects(bucket: str, key: str) -> Iterator[Deed]:
    """Do everything that can be done to an object."""
    arn, on = f"arn:aws:s3:::{bucket}/{key}", {"Bucket": bucket, "Key": key}
    part = {**on, "UploadId": "none"}
    for action, method, arguments in (
        ("PutObject", "put_object", {**on, "Body": b"x"}),
        ("PutObject", "create_multipart_upload", on),
        ("PutObject", "upload_part", {**part, "PartNumber": 1, "Body": b"x"}),
        ("GetObject", "get_object", on),
        ("GetObject", "head_object", on),
        ("GetObjectAcl", "get_object_acl", on),
        ("GetObjectTagging", "get_object_tagging", on),
        ("PutObjectAcl", "put_object_acl", {**on, "ACL": "public-read"}),
        ("PutObjectTagging", "put_object_tagging", {**on, "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}),
        ("DeleteObjectTagging", "delete_object_tagging", on),
        ("RestoreObject", "restore_object", {**on, "RestoreRequest": {"Days": 1}}),
        ("ListMultipartUploadParts", "list_parts", part),
        ("AbortMultipartUpload", "abort_multipart_upload", part),
        ("DeleteObject", "delete_object", on),
    ):
        yield Deed(f"s3:{action}", arn, method, arguments)


def on_bucket(bucket: str) -> Iterator[Deed]:
    """Do everything that can be done to a bucket."""
    arn, on = f"arn:aws:s3:::{bucket}", {"Bucket": bucket}
    lifecycle = {"Rules": [{"ID": "x", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}]}
    cors = {"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]}
    for action, method, arguments in (
        ("ListBucket", "list_objects_v2", {}),
        ("ListBucketVersions", "list_object_versions", {}),
        ("ListBucketMultipartUploads", "list_multipart_uploads", {}),
        ("GetBucketPolicy", "get_bucket_policy", {}),
        ("PutBucketPolicy", "put_bucket_policy", {"Policy": json.dumps({"Statement": []})}),
        ("DeleteBucketPolicy", "delete_bucket_policy", {}),
        ("GetBucketCORS", "get_bucket_cors", {}),
        ("PutBucketCORS", "put_bucket_cors", {"CORSConfiguration": cors}),
        ("GetLifecycleConfiguration", "get_bucket_lifecycle_configuration", {}),
        ("PutLifecycleConfiguration", "put_bucket_lifecycle_configuration", {"LifecycleConfiguration": lifecycle}),
        ("GetBucketNotification", "get_bucket_notification_configuration", {}),
        ("PutBucketNotification", "put_bucket_notification_configuration", {"NotificationConfiguration": {}}),
        ("PutBucketAcl", "put_bucket_acl", {"ACL": "public-read"}),
        ("GetEncryptionConfiguration", "get_bucket_encryption", {}),
        ("PutBucketPublicAccessBlock", "delete_public_access_block", {}),
        ("PutBucketVersioning", "put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
        ("DeleteBucket", "delete_bucket", {}),
    ):
        yield Deed(f"s3:{action}", arn, method, {**on, **arguments})


def on_table(table: str) -> Iterator[Deed]:
    """Do everything that can be done to a table."""
    arn, on = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}", {"TableName": table}
    key = {"pk": {"S": NOBODY}, "sk": {"S": "rights"}}
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": NOBODY}}}
    change = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
    forget = {"TimeToLiveSpecification": {"Enabled": False, "AttributeName": "ttl"}}
    for action, method, arguments in (
        ("GetItem", "get_item", {**on, "Key": key}),
        ("PutItem", "put_item", {**on, "Item": key}),
        ("UpdateItem", "update_item", {**on, "Key": key, **change}),
        ("Query", "query", {**on, **query}),
        ("Scan", "scan", {**on, "Limit": 1}),
        ("BatchGetItem", "batch_get_item", {"RequestItems": {table: {"Keys": [key]}}}),
        ("BatchWriteItem", "batch_write_item", {"RequestItems": {table: [{"PutRequest": {"Item": key}}]}}),
        ("DeleteItem", "delete_item", {**on, "Key": key}),
        ("DescribeTable", "describe_table", on),
        ("UpdateTable", "update_table", {**on, "BillingMode": "PAY_PER_REQUEST"}),
        ("UpdateTimeToLive", "update_time_to_live", {**on, **forget}),
        ("CreateBackup", "create_backup", {**on, "BackupName": "of-a-role"}),
        ("DeleteTable", "delete_table", on),
    ):
        yield Deed(f"dynamodb:{action}", arn, method, arguments)


def on_index(table: str, index: str, shard: str) -> Iterator[Deed]:
    """Read a table's index, whose partition key is `shard`."""
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/index/{index}"
    on = {"TableName": table, "IndexName": index}
    asked = {"KeyConditionExpression": f"{shard} = :shard", "ExpressionAttributeValues": {":shard": {"S": "none"}}}
    yield Deed("dynamodb:Query", arn, "query", {**on, **asked})
    yield Deed("dynamodb:Scan", arn, "scan", on)


def on_queue(url: str) -> Iterator[Deed]:
    """Do everything that can be done to a queue; what is taken out of it is there again at once."""
    arn, on = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rsplit('/', 1)[1]}", {"QueueUrl": url}
    permission = {"Label": "x", "AWSAccountIds": [ACCOUNT], "Actions": ["SendMessage"]}
    for action, method, arguments in (
        ("SendMessage", "send_message", {"MessageBody": "{}"}),
        ("ReceiveMessage", "receive_message", {"VisibilityTimeout": 0}),
        ("DeleteMessage", "delete_message", {"ReceiptHandle": "none"}),
        ("GetQueueAttributes", "get_queue_attributes", {"AttributeNames": ["All"]}),
        ("SetQueueAttributes", "set_queue_attributes", {"Attributes": {"VisibilityTimeout": "30"}}),
        ("AddPermission", "add_permission", permission),
        ("PurgeQueue", "purge_queue", {}),
        ("DeleteQueue", "delete_queue", {}),
    ):
        yield Deed(f"sqs:{action}", arn, method, {**on, **arguments})


def on_logs(group: str) -> Iterator[Deed]:
    """Do everything that can be done to a log group."""
    arn, on = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*", {"logGroupName": group}
    stream = {**on, "logStreamName": "of-a-role"}
    line = [{"timestamp": 1_800_000_000_000, "message": "of a role"}]
    for action, method, arguments in (
        ("CreateLogStream", "create_log_stream", stream),
        ("PutLogEvents", "put_log_events", {**stream, "logEvents": line}),
        ("FilterLogEvents", "filter_log_events", on),
        ("GetLogEvents", "get_log_events", stream),
        ("PutRetentionPolicy", "put_retention_policy", {**on, "retentionInDays": 1}),
        ("DeleteLogStream", "delete_log_stream", stream),
        ("DeleteLogGroup", "delete_log_group", on),
    ):
        yield Deed(f"logs:{action}", arn, method, arguments)


def on_function(name: str) -> Iterator[Deed]:
    """Do everything that can be done to a function."""
    arn, on = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}", {"FunctionName": name}
    for action, method, arguments in (
        ("InvokeFunction", "invoke", {"Payload": b"{}"}),
        ("GetFunction", "get_function", {}),
        ("GetFunctionConfiguration", "get_function_configuration", {}),
        ("UpdateFunctionCode", "update_function_code", {"ZipFile": b"x"}),
        ("UpdateFunctionConfiguration", "update_function_configuration", {"Timeout": 3}),
        ("DeleteFunction", "delete_function", {}),
    ):
        yield Deed(f"lambda:{action}", arn, method, {**on, **arguments})


def on_topic(arn: str) -> Iterator[Deed]:
    """Do everything that can be done to a topic."""
    subscription = {"Protocol": "email", "Endpoint": "nobody@example.com"}
    name = {"AttributeName": "DisplayName", "AttributeValue": "x"}
    for action, method, arguments in (
        ("Publish", "publish", {"Subject": "Rights", "Message": "A test tries who may say this."}),
        ("Subscribe", "subscribe", subscription),
        ("GetTopicAttributes", "get_topic_attributes", {}),
        ("SetTopicAttributes", "set_topic_attributes", name),
        ("DeleteTopic", "delete_topic", {}),
    ):
        yield Deed(f"sns:{action}", arn, method, {"TopicArn": arn, **arguments})


def on_key(arn: str) -> Iterator[Deed]:
    """Do everything that can be done with a key."""
    for action, method, arguments in (
        ("Decrypt", "decrypt", {"CiphertextBlob": b"none"}),
        ("Encrypt", "encrypt", {"Plaintext": b"x"}),
        ("GenerateDataKey", "generate_data_key", {"KeySpec": "AES_256"}),
        ("Sign", "sign", {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}),
        ("DescribeKey", "describe_key", {}),
        ("PutKeyPolicy", "put_key_policy", {"Policy": json.dumps({"Statement": []})}),
        ("DisableKey", "disable_key", {}),
        ("ScheduleKeyDeletion", "schedule_key_deletion", {}),
    ):
        yield Deed(f"kms:{action}", arn, method, {"KeyId": arn, **arguments})


def on_secret(arn: str) -> Iterator[Deed]:
    """Do everything that can be done to a secret."""
    for action, method, arguments in (
        ("GetSecretValue", "get_secret_value", {}),
        ("DescribeSecret", "describe_secret", {}),
        ("PutSecretValue", "put_secret_value", {"SecretString": "x"}),
        ("DeleteSecret", "delete_secret", {}),
    ):
        yield Deed(f"secretsmanager:{action}", arn, method, {"SecretId": arn, **arguments})


def on_account(role: str) -> Iterator[Deed]:
    """Look around in the account, and try to become more than one is."""
    name = role.rsplit("/", 1)[1]
    policy = {"PolicyName": "x", "PolicyDocument": json.dumps({"Statement": []})}
    for action, resource, method, arguments in (
        ("s3:ListAllMyBuckets", "*", "list_buckets", {}),
        ("s3:CreateBucket", "arn:aws:s3:::of-a-role", "create_bucket", {"Bucket": "of-a-role"}),
        ("dynamodb:ListTables", "*", "list_tables", {}),
        ("sqs:ListQueues", "*", "list_queues", {}),
        ("logs:DescribeLogGroups", "*", "describe_log_groups", {}),
        ("lambda:ListFunctions", "*", "list_functions", {}),
        ("secretsmanager:ListSecrets", "*", "list_secrets", {}),
        ("iam:ListRoles", "*", "list_roles", {}),
        ("iam:GetRole", role, "get_role", {"RoleName": name}),
        ("iam:PutRolePolicy", role, "put_role_policy", {"RoleName": name, **policy}),
        ("iam:UpdateAssumeRolePolicy", role, "update_assume_role_policy", {"RoleName": name, "PolicyDocument": "{}"}),
        ("iam:CreateUser", "*", "create_user", {"UserName": "of-a-role"}),
        ("sts:AssumeRole", role, "assume_role", {"RoleArn": role, "RoleSessionName": "of-a-role"}),
        ("kms:ListKeys", "*", "list_keys", {}),
        ("ssm:DescribeParameters", "*", "describe_parameters", {}),
        ("sns:ListTopics", "*", "list_topics", {}),
        ("events:ListRules", "*", "list_rules", {}),
        ("cloudformation:ListStacks", "*", "list_stacks", {}),
        ("cloudwatch:DescribeAlarms", "*", "describe_alarms", {}),
        ("apigateway:GET", "*", "get_rest_apis", {}),
    ):
        yield Deed(action, resource, method, arguments)
