"""What is true whatever the cloud: pure functions and values. Imports nothing of ours."""
