"""Side effects as rows, written in the business transaction and carried out afterwards by workers."""
