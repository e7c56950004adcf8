"""Tests of backend/http."""
