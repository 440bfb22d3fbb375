"""What is promised: editions read, checked, frozen, compiled, explained."""
