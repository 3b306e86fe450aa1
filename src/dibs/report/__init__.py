"""What a run shows: one page with pictures, made from the tables that a run leaves."""
