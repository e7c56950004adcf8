"""Many people at once: senders and recipients at the local cloud, beside a function that only says hello."""
