"""Tests of backend/pages."""
