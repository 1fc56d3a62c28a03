"""A flow as a picture: `picture` says what is in it, `mermaid` and `svg` write it down."""
