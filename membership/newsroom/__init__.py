"""The newsroom's own words and choices, kept as rows."""
