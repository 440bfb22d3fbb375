"""The audit log: who did what, when, from where, why, on whose behalf; append-only, each line bound to the one before."""
