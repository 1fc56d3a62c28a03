"""Scripts that stand beside the flows, in `flows/tests/*.yaml`: read, played and judged."""
