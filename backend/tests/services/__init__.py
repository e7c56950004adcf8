"""Tests of backend/services."""
