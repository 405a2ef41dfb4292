"""Sets of questions as TOML files: the essay's, and an example to start from."""
