"""What is published: editions kept for ever with their hash, and the drafts that editions come from."""
