"""Events, and their way to those who asked for them."""
