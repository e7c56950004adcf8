"""Tests of backend/rules."""
