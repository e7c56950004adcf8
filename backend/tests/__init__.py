"""The backend's tests: rules and services on a table and a bucket in memory, entries by events."""
