"""Letters to people: what a letter is, how it looks, and the one way out."""
