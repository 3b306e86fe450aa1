"""What is owed: every posting says which clause and which decision it comes from."""
