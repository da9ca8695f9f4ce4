"""Articles: import, publishing, pages and feed."""
