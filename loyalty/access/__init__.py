"""Who may come in: passwords, passkeys, sign-ins, one-use links, failed attempts."""
