"""Sources of records, one a file, and the loop that sends what they give."""
