"""The broker as a service: REST over one book, for every party that has a stake in it, each seeing only its own."""
