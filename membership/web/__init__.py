"""What every page shares: guard, headers, caching, signing, forms, errors."""
