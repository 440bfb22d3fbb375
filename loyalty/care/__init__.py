"""What members ask of staff, and what becomes of it."""
