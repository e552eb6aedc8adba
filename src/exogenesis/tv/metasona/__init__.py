"""Self-optimisation: proposed settings are replayed on the household's own history."""
