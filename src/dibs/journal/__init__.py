"""The book: every command and its events, in one order, in one tree, under signed heads."""
