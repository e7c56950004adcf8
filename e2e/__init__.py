"""The deployed stack, from outside: by HTTP, by S3's events, and in a real browser."""
