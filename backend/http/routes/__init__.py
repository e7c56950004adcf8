"""The addresses of pages and the API, one file for each capability. Web answers all of them but `links_receiving`."""
