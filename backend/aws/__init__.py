"""The only code that calls AWS: one file for each service or resource."""
