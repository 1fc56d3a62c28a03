"""The files of flows, from YAML to `spec`: every mistake is found in one run, with its place."""
