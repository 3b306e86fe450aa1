"""What was agreed: an agreement with its history, from text to frozen values and back."""
