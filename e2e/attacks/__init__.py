"""An attacker with a valid link, and one who may upload: what is tried, what comes back, and that it does no harm."""
