"""How fast it is, against its peers. Not part of the tests: `python -m bench.cold_start`."""
