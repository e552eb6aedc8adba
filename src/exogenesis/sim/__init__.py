"""Both machines in one process: households, network, faults, checkers, evaluation."""
