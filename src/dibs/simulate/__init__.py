"""One scenario, run: the real broker in a world made of seeds."""
