"""Logs read by profile, from the documents alone: docs/profiles.md and docs/contract.md."""
