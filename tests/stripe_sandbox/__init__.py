"""The sandbox, tested through the real SDK over HTTP and through its pages."""
