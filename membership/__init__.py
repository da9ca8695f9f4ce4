"""The membership backend of an independent newsroom: open articles, an honest ask, payments, votes, figures."""
