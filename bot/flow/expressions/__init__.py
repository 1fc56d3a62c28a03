"""Expressions and texts of flows, worked out in a sandbox; `render` is the door."""
