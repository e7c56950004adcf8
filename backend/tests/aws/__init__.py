"""Tests of backend/aws."""
