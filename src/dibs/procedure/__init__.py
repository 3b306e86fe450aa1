"""What happens next: the offer procedure as five pure functions over one state machine."""
