"""The benchmark's own tests: the link must be what it says, or nothing measured through it means anything."""
