"""What Sidestep does, one file for each capability. Knows neither HTTP nor how AWS is called."""
