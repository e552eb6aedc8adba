"""The federation worker: opens a shuffled pool, aggregates it, publishes the next round."""
