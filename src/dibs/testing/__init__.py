"""Builders and strategies for tests, shipped so that others can use ours."""
