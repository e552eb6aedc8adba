"""Nouns and mathematics: the standard library and numpy, no I/O and no clock."""
