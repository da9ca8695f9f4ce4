"""The ask under an article."""
