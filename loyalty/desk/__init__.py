"""The desk: what staff do for members, each act previewed, keyed, audited, and approved by another where it is large."""
