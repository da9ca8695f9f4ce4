"""People known by a verified address: signing in, sessions, roles, audit."""
