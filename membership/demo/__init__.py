"""The content of the demo newsroom and the dev inbox; demo mode alone."""
