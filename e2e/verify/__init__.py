"""`make verify`: tests on a deployed stack what no emulator can prove, and reports the results."""
