"""Where a book is kept: memory, or one SQLite file."""
