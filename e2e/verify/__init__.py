"""`make verify`: tries on a deployed stack what no emulator can prove, and says what came."""
