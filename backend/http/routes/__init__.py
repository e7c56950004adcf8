"""The API's addresses, one file for each capability."""
