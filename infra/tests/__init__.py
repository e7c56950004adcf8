"""Tests of the stack as synthesized, of the bundle, and of what the Makefile runs."""
