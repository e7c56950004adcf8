"""The DynamoDB table of transfers."""
