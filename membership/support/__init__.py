"""The pages where one gives: choose, check out, thanks."""
