"""Everything that runs in the data centre."""
