"""Trouble on purpose: seeded schedules of everything that goes wrong between a page and S3."""
