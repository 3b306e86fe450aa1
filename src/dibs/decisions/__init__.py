"""What the agreement says about one question."""
